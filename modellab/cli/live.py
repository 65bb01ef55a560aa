"""What a terminal shows while files are processed: a table of steps that moves, and lines that stay."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from modellab.cli.board import Board, BoardStep
from modellab.cli.console import marked, print_line
from modellab.cli.marks import MARKS, doubt_line, state_text
from modellab.inputs.registered import RegisteredInput
from modellab.legible import one_line
from modellab.media.folders import LeftOut
from modellab.pipeline.events import Event, StepJudged
from modellab.pipeline.system import System
from modellab.runs.doubts import failed_check
from modellab.runs.outcome import FileOutcome
from modellab.units import figure, length

_REFRESHES_PER_S = 10
_BAR_COLUMNS = 12
_STATE_COLUMNS = _BAR_COLUMNS + len(" 100%")


class LiveWatcher:
    """Shows progress in place, on a terminal.

    One file gets a table of its steps; several get a bar over all files and one line of steps for the file at hand.
    """

    def __init__(self, console: Console, system: System) -> None:
        self._console, self._system = console, system
        self._board = Board.of(system)
        self._path: Path | None = None
        self._source: RegisteredInput | None = None
        self._spinner = Spinner("dots", style="cyan")
        self._count = self._done = 0
        self._live = Live(
            get_renderable=self.renderable, console=console, transient=True, refresh_per_second=_REFRESHES_PER_S
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def files(self, count: int) -> None:
        self._count = count

    def left_out(self, left_out: LeftOut) -> None:
        _print_left_out(self._console, left_out)

    def taken_up(self, path: Path) -> None:
        self._board, self._path, self._source = Board.of(self._system), path, None

    def registered(self, source: RegisteredInput) -> None:
        self._source = source

    def observe(self, event: Event) -> None:
        self._board.observe(event)

    def ended(self, outcome: FileOutcome) -> None:
        self._done += 1
        if line := closing_line(outcome):
            print_line(self._console, line)

    def renderable(self) -> RenderableType:
        """What is shown at this moment."""
        if self._path is None:
            return Text()
        if self._count > 1:
            return self._overall()
        heading = _heading(self._path, self._source, self._system)
        # For as long as it runs: what is shown of the finished file says them again.
        warnings = [Text(f"  ! {warning}", style="yellow") for warning in self._source.warnings] if self._source else []
        return Group(Text(), heading, *warnings, Text(), self._table(), self._between_steps(), Text())

    def _table(self) -> RenderableType:
        if self._source is None:
            return Padding(_beside(self._spinner, Text("reading the file", style="dim")), (0, 0, 0, 2))
        table = Table.grid(
            Column(),
            Column(overflow="ellipsis", no_wrap=True),
            Column(min_width=_STATE_COLUMNS),
            Column(justify="right", min_width=len("59.9 s")),
            padding=(0, 2, 0, 0),
        )
        for step in self._board.steps:
            elapsed_s = self._board.elapsed_s(step)
            table.add_row(
                Text(step.name, style="dim" if step.state == "waiting" else "bold"),
                Text(step.model or "", style="dim"),
                self._state(step),
                Text("" if elapsed_s is None else f"{figure(elapsed_s)} s"),
            )
        return Padding(table, (0, 0, 0, 2))

    def _between_steps(self) -> RenderableType:
        """What goes on when no step runs, so that something always moves."""
        states = {step.state for step in self._board.steps}
        if self._source is None or "running" in states:
            return Text()
        waits, works = states == {"waiting"}, "waiting" in states
        doing = "starting the run" if waits else "going on" if works else "bringing the results into the database"
        return Padding(_beside(self._spinner, Text(doing, style="dim")), (0, 0, 0, 2))

    def _state(self, step: BoardStep) -> RenderableType:
        if step.state != "running":
            state = state_text(step.state)
            return state.append("  ! doubtful", style="yellow") if step.failed_checks else state
        if step.fraction == 0.0:
            return _beside(self._spinner, Text("running", style="cyan"))
        bar = ProgressBar(total=1.0, completed=step.fraction, width=_BAR_COLUMNS, complete_style="cyan")
        return _beside(bar, Text(f"{step.fraction:4.0%}", style="cyan"))

    def _overall(self) -> RenderableType:
        bar = ProgressBar(total=self._count, completed=self._done, width=3 * _BAR_COLUMNS, complete_style="cyan")
        number = min(self._done + 1, self._count)
        files = Text.assemble(
            (f"file {number} of {self._count}", "bold"), "  ", one_line(self._path.name) if self._path else ""
        )
        steps = Columns([_brief(step) for step in self._board.steps], padding=(0, 3, 0, 0))
        return Padding(Group(Text(), _beside(bar, files), _beside(self._spinner, steps), Text()), (0, 0, 0, 2))


class PlainWatcher:
    """Says the same in whole lines, for logs and pipes: no control characters, no line twice."""

    def __init__(self, console: Console, system: System) -> None:
        self._console, self._system = console, system
        self._board = Board.of(system)
        self._name = ""
        self._told: tuple[str, ...] = ()
        """What was said of the file at hand."""
        self._count = self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def files(self, count: int) -> None:
        self._count = count

    def left_out(self, left_out: LeftOut) -> None:
        _print_left_out(self._console, left_out)

    def taken_up(self, path: Path) -> None:
        self._number += 1
        self._name = one_line(path.name)
        self._board = Board.of(self._system)

    def registered(self, source: RegisteredInput) -> None:
        number = f" (file {self._number} of {self._count})" if self._count > 1 else ""
        _print_warnings(self._console, source)
        self._told = source.warnings
        self._say(f"{length(source.duration_s)} of audio, input {source.key}{number}")

    def observe(self, event: Event) -> None:
        step = self._board.observe(event)
        if isinstance(event, StepJudged):
            for check in event.checks:
                if not check.passed:
                    doubt = failed_check(event.record.step, check, self._told)
                    print_line(self._console, doubt_line(doubt, self._name))
            return
        if step is None or step.state in ("waiting", "running"):
            return
        model = f" ({step.model})" if step.model else ""
        took = "" if step.state == "not run" else f" in {length(step.seconds or 0.0)}"
        reason = f": {step.error}" if step.error else ""
        self._say(f"{step.name}{model} {step.state}{took}{reason}")

    def ended(self, outcome: FileOutcome) -> None:
        if line := closing_line(outcome):
            print_line(self._console, line)

    def _say(self, words: str) -> None:
        print_line(self._console, f"{self._name}: {words}")


Watching = LiveWatcher | PlainWatcher


def watcher(console: Console, system: System) -> Watching:
    """What suits the console: a moving table on a terminal, lines elsewhere."""
    make: Callable[[Console, System], Watching] = LiveWatcher if console.is_terminal else PlainWatcher
    return make(console, system)


def closing_line(outcome: FileOutcome) -> Text | None:
    """What must be said of a file at once: why it was refused or failed, or that it is the same as another."""
    if outcome.same_as is not None:
        return Text(
            f"{one_line(str(outcome.path))} is the same input as {one_line(str(outcome.same_as))}: nothing to do",
            style="dim",
        )
    if outcome.complaint is None:
        return None
    return marked(*MARKS["failed"], outcome.complaint)


def _print_left_out(console: Console, left_out: LeftOut) -> None:
    for sentence in left_out.sentences():
        print_line(console, f"! {sentence}", "yellow")


def _print_warnings(console: Console, source: RegisteredInput) -> None:
    """What is wrong with a file that can be used all the same."""
    for warning in source.warnings:
        print_line(console, f"! {source.name}: {warning}", "yellow")


def _heading(path: Path, source: RegisteredInput | None, system: System) -> Text:
    seconds = f"{length(source.duration_s)}   " if source else ""
    return Text.assemble(
        ("  ", ""),
        (one_line(path.name), "bold"),
        ("   ", ""),
        (f"{seconds}{system.key}", "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )


def _brief(step: BoardStep) -> Text:
    mark, style = MARKS[step.state]
    share = f" {step.fraction:.0%}" if step.state == "running" and step.fraction else ""
    return Text(f"{mark} {step.name}{share}", style=style, no_wrap=True)


def _beside(*parts: RenderableType) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(*parts)
    return grid
