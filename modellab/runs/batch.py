"""Taking files through a pipeline, one after the other; a bad one never stops the rest."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from modellab.errors import InputRefused, LabError, UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore, may_be_name
from modellab.media.folders import LeftOut, find_media, is_folder, refused_folder
from modellab.pipeline.events import Event, observed_by
from modellab.pipeline.system import System
from modellab.runs.launching import OpenLauncher, RunLauncher
from modellab.runs.outcome import FileOutcome
from modellab.settings import Lab
from modellab.trouble import as_lab_error

_log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Whoever shows what goes on."""

    def files(self, count: int) -> None:
        """How many files there are; called once, first."""

    def left_out(self, left_out: LeftOut) -> None:
        """What lies beside them in the folders given; called once."""

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
        check_stopped: raises `KeyboardInterrupt` when somebody asked to stop; called between files, for a signal may
            come while somebody else's handler is in place.
    """

    def __init__(
        self,
        lab: Lab,
        system: System,
        start: OpenLauncher,
        *,
        force: bool = False,
        check_stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self._lab, self._system, self._start, self._force = lab, system, start, force
        self._check_stopped = check_stopped
        self._store = InputStore(lab)
        self._order = [step.name for step in system.steps]
        self._launcher: RunLauncher | None = None
        self._no_launcher: LabError | None = None
        self._seen: dict[str, FileOutcome] = {}
        self.outcomes: list[FileOutcome] = []
        """What came of the files so far, in order; also when somebody stopped the batch."""
        self.left_out = LeftOut()
        """What lies in the folders given and was not taken."""

    def run(self, paths: Sequence[Path], watcher: Watcher) -> list[FileOutcome]:
        """What came of every file that the paths name, in order; of a folder without any, that it is refused.

        A path where nothing is may be what an input of the lab is called (`InputStore.take`).

        Raises:
            UsageError: there is no way to run anything; all else that goes wrong is in the files' outcomes.
            KeyboardInterrupt: somebody stopped it, be it while Dagster would not listen.
        """
        found = find_media(paths, self._lab.home)
        self.left_out = found.left_out
        watcher.files(len(found.files))
        watcher.left_out(found.left_out)
        with ExitStack() as stack, observed_by(watcher.observe):
            for path in found.files:
                self._check_stopped()
                watcher.taken_up(path)
                self.outcomes.append(self._outcome(path, stack, watcher))
                watcher.ended(self.outcomes[-1])
            self._check_stopped()
        return self.outcomes

    def _outcome(self, path: Path, stack: ExitStack, watcher: Watcher) -> FileOutcome:
        """What came of one file, whatever happened to it."""
        try:
            return self._process(path, stack, watcher)
        except InputRefused as error:
            return FileOutcome(path, self._system.key, "refused", str(error), error_page=error.told())
        except UsageError as error:
            if not self.outcomes:
                raise
            return FileOutcome(path, self._system.key, "failed", str(error), error_page=error.told())
        except Exception as error:
            _log.debug("%s failed", path, exc_info=True)
            known = as_lab_error(error, self._lab.home)
            return FileOutcome(path, self._system.key, "failed", str(known), error_page=known.told())

    def _process(self, path: Path, stack: ExitStack, watcher: Watcher) -> FileOutcome:
        started = time.perf_counter()
        if is_folder(path):
            raise refused_folder(path, self._lab.home)
        by_name = may_be_name(path)
        source = self._store.take(path, "media")
        if source.key in self._seen:
            return self._seen[source.key].again(path, by_name=by_name)
        watcher.registered(source)
        result = self._launch(stack).run(self._system.key, source, force=self._force)
        outcome = self._seen[source.key] = FileOutcome(
            path=path,
            system=self._system.key,
            status="completed" if result.status == "completed" else "failed",
            error=result.error,
            error_page=result.error_page,
            source=source,
            run=result.run,
            dagster_run_id=result.dagster_run_id,
            records=tuple(sorted(result.records, key=lambda record: self._order.index(record.step))),
            checks=result.checks,
            seconds=time.perf_counter() - started,
            by_name=by_name,
        )
        return outcome

    def _launch(self, stack: ExitStack) -> RunLauncher:
        """The launcher; what keeps it from starting is found out once."""
        if self._no_launcher is not None:
            raise self._no_launcher
        if self._launcher is None:
            try:
                self._launcher = stack.enter_context(self._start(self._lab))
            except Exception as error:
                self._no_launcher = as_lab_error(error, self._lab.dagster_home)
                raise self._no_launcher from error
        return self._launcher
