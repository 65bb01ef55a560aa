"""What a terminal shows while systems are measured."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from modellab.cli.console import marked, print_line
from modellab.legible import one_line
from modellab.pipeline.events import Event, RunEnded, StepEnded, StepStarted
from modellab.runs.enrolling import CaseOutcome, Enrolment
from modellab.units import plural

_LINES = 10
"""A log gets a line for each so manieth part of the runs."""


class Watching:
    """A bar on a terminal, a few whole lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.fields[doing]}", style="dim", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("cases", total=None, doing="", left="")
        self._names: dict[str, str] = {}
        """Key of an input -> the case it is of."""
        self._done = self._all = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def enrolled(self, outcome: CaseOutcome, of: int) -> None:
        self._progress.update(self._task, total=of, advance=1, doing=one_line(outcome.case.id))
        if outcome.error is not None:
            print_line(self._console, marked("!", "yellow", f"{outcome.case.id} can't be had: {outcome.error}"))

    def begins(self, enrolment: Enrolment, systems: Sequence[str]) -> None:
        self._names = {one.source.key: one.case.id for one in enrolment.outcomes if one.source and not one.error}
        self._done, self._all = 0, len(self._names) * len(systems)
        said = f"{plural(len(self._names), 'case')} under {plural(len(systems), 'system')}"
        self._progress.update(self._task, description="runs", total=self._all, completed=0, doing="starting")
        if not self._console.is_terminal:
            print_line(self._console, said)

    def waits(self, most: int) -> None:
        print_line(self._console, f"{plural(most, 'run')} at work, as many as there may be: this one waits")

    def observe(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._progress.update(self._task, doing=f"{event.step} of {self._names.get(event.input, event.input)}")
            case StepEnded(record=record) if record.status == "failed":
                name = self._names.get(record.input, record.input)
                print_line(self._console, marked("✗", "red", f"{record.step} of {name} failed: {record.error}"))
            case RunEnded() if event.status != "canceled":
                self._done += 1
                self._progress.update(self._task, completed=self._done, left=self._left())
                if not self._console.is_terminal and self._is_worth_a_line:
                    left = self._left()
                    print_line(
                        self._console,
                        f"{self._done} of {plural(self._all, 'run')} done{f', {left}' if left else ''}",
                    )

    def _left(self) -> str:
        """How long it will go on, in words; nothing where nobody knows."""
        return ""

    @property
    def _is_worth_a_line(self) -> bool:
        return self._done * _LINES // self._all > (self._done - 1) * _LINES // self._all

    def comparing(self) -> None:
        self._progress.update(self._task, description="figures", total=None, doing="comparing")


def watcher(console: Console) -> Watching:
    """What suits the console."""
    return Watching(console)
