"""Taking files through a pipeline, one after the other; a bad one never stops the rest."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modellab.cli.outcome import FileOutcome
from modellab.errors import InputRefused
from modellab.media.inputs import InputStore, RegisteredInput
from modellab.pipeline.events import Event, observed_by
from modellab.pipeline.system import System
from modellab.settings import Lab

if TYPE_CHECKING:
    from modellab.cli.launch import Launcher


class Watcher(Protocol):
    """Whoever shows what goes on."""

    def files(self, count: int) -> None:
        """How many files there are; called once, first."""

    def taken_up(self, path: Path) -> None:
        """A file is about to be read."""

    def registered(self, source: RegisteredInput) -> None:
        """The file became an input; its steps follow."""

    def observe(self, event: Event) -> None:
        """Something happened to a step."""

    def ended(self, outcome: FileOutcome) -> None:
        """The file is done with."""


class Batch:
    """Files through one system.

    Args:
        start: makes the launcher; called when the first good file is there, so that refusing costs nothing.
        force: run steps although their results are there.
    """

    def __init__(
        self, lab: Lab, system: System, watcher: Watcher, start: Callable[[Lab], "Launcher"], *, force: bool = False
    ) -> None:
        self._lab, self._system, self._watcher, self._start, self._force = lab, system, watcher, start, force
        self._store = InputStore(lab)
        self._order = [step.name for step in system.steps]
        self._launcher: Launcher | None = None
        self._seen: dict[str, FileOutcome] = {}

    def run(self, paths: Sequence[Path]) -> list[FileOutcome]:
        """What came of every file that the paths name, in order; of a folder without any, that it is refused.

        Raises:
            LabError: the lab itself can't be used; what single files cause is in their outcomes.
        """
        # An empty folder stands for itself, so that it is refused by name.
        files = [file for path in paths for file in (InputStore.expand([path]) or [path])]
        self._watcher.files(len(files))
        outcomes: list[FileOutcome] = []
        with ExitStack() as stack, observed_by(self._watcher.observe):
            for path in files:
                self._watcher.taken_up(path)
                outcomes.append(self._process(path, stack))
                self._watcher.ended(outcomes[-1])
        return outcomes

    def _process(self, path: Path, stack: ExitStack) -> FileOutcome:
        started = time.perf_counter()
        try:
            source = self._register(path)
        except InputRefused as error:
            return FileOutcome(path, self._system.key, "refused", str(error))
        if source.key in self._seen:
            return self._seen[source.key].again(path)
        self._watcher.registered(source)
        if self._launcher is None:
            self._launcher = stack.enter_context(self._start(self._lab))
        result = self._launcher.run(self._system.key, source, force=self._force)
        outcome = self._seen[source.key] = FileOutcome(
            path=path,
            system=self._system.key,
            status="completed" if result.status == "completed" else "failed",
            error=result.error,
            source=source,
            run=result.run,
            dagster_run_id=result.dagster_run_id,
            records=tuple(sorted(result.records, key=lambda record: self._order.index(record.step))),
            checks=result.checks,
            seconds=time.perf_counter() - started,
        )
        return outcome

    def _register(self, path: Path) -> RegisteredInput:
        if path.is_dir():
            raise InputRefused(f"{path.name} has no audio or video file in it", hint="Give a file, or another folder.")
        return self._store.register(path)
