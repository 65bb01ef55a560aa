"""What a terminal shows while files are processed: a table of steps that moves, and lines that stay."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from modellab.cli.board import Board, BoardStep
from modellab.cli.console import marked, print_line, stderr
from modellab.cli.marks import MARKS, doubt_line, state_text
from modellab.inputs.registered import RegisteredInput
from modellab.legible import one_line
from modellab.media.folders import LeftOut
from modellab.pipeline.events import Event, StepJudged, input_of, observed_by
from modellab.pipeline.system import System
from modellab.runs.doubts import failed_check
from modellab.runs.outcome import FileOutcome
from modellab.settings import Lab
from modellab.units import figure, length, plural

if TYPE_CHECKING:
    from modellab.runs.launching import LaunchResult, OpenLauncher

_REFRESHES_PER_S = 10
_BAR_COLUMNS = 12
_STATE_COLUMNS = _BAR_COLUMNS + len(" 100%")


@dataclass
class _File:
    """A file that was taken up."""

    number: int
    name: str
    board: Board
    source: RegisteredInput | None = None
    """None while it is read, and when it was refused."""


class LiveWatcher:
    """Shows progress in place, on a terminal.

    One file gets a table of its steps; several get a bar over all steps, and one line of steps for the file at hand.
    """

    def __init__(self, console: Console, system: System) -> None:
        self._console, self._system = console, system
        self._at_hand: _File | None = None
        self._files: dict[str, _File] = {}
        """Key of an input -> its file."""
        self._spinner = Spinner("dots", style="cyan")
        self._count = self._taken = 0
        self._done = 0
        """How many files are done with and have no steps of their own."""
        self._waits: int | None = None
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
        self._taken += 1
        self._at_hand = _File(self._taken, one_line(path.name), Board.of(self._system))

    def registered(self, source: RegisteredInput) -> None:
        if self._at_hand is not None:
            self._at_hand.source = source
            self._files[source.key] = self._at_hand

    def waits(self, most: int) -> None:
        self._waits = most

    def observe(self, event: Event) -> None:
        self._waits = None
        if file := self._files.get(input_of(event)):
            file.board.observe(event)
            # Beside a model's work on one file, short steps of others come and go.
            if self._at_hand is None or not self._at_hand.board.runs:
                self._at_hand = file

    def ended(self, outcome: FileOutcome) -> None:
        if outcome.source is None or outcome.same_as is not None:
            self._done += 1
        if line := closing_line(outcome):
            print_line(self._console, line)

    def renderable(self) -> RenderableType:
        """What is shown at this moment."""
        file = self._at_hand
        if file is None:
            return Text()
        if self._count > 1:
            return self._overall(file)
        heading = _heading(file, self._system)
        # For as long as it runs: what is shown of the finished file says them again.
        warnings = [Text(f"  ! {warning}", style="yellow") for warning in file.source.warnings] if file.source else []
        return Group(Text(), heading, *warnings, Text(), self._table(file), self._between_steps(file), Text())

    def _table(self, file: _File) -> RenderableType:
        if file.source is None:
            return Padding(_beside(self._spinner, Text("reading the file", style="dim")), (0, 0, 0, 2))
        table = Table.grid(
            Column(),
            Column(overflow="ellipsis", no_wrap=True),
            Column(min_width=_STATE_COLUMNS),
            Column(justify="right", min_width=len("59.9 s")),
            padding=(0, 2, 0, 0),
        )
        for step in file.board.steps:
            elapsed_s = file.board.elapsed_s(step)
            table.add_row(
                Text(step.name, style="dim" if step.state == "waiting" else "bold"),
                Text(step.model or "", style="dim"),
                self._state(step),
                Text("" if elapsed_s is None else f"{figure(elapsed_s)} s"),
            )
        return Padding(table, (0, 0, 0, 2))

    def _between_steps(self, file: _File) -> RenderableType:
        """What goes on when no step runs, so that something always moves."""
        states = {step.state for step in file.board.steps}
        if file.source is None or "running" in states:
            return Text()
        waits, works = states == {"waiting"}, "waiting" in states
        doing = "starting the run" if waits else "going on" if works else "bringing the results into the database"
        return Padding(_beside(self._spinner, Text(self._waiting or doing, style="dim")), (0, 0, 0, 2))

    @property
    def _waiting(self) -> str:
        return "" if self._waits is None else _waiting(self._waits)

    def _state(self, step: BoardStep) -> RenderableType:
        if step.state != "running":
            state = state_text(step.state)
            return state.append("  ! doubtful", style="yellow") if step.failed_checks else state
        if step.fraction == 0.0:
            return _beside(self._spinner, Text("running", style="cyan"))
        bar = ProgressBar(total=1.0, completed=step.fraction, width=_BAR_COLUMNS, complete_style="cyan")
        return _beside(bar, Text(f"{step.fraction:4.0%}", style="cyan"))

    def _overall(self, file: _File) -> RenderableType:
        done = min(self._count, self._done + sum(each.board.fraction for each in self._files.values()))
        bar = ProgressBar(total=self._count, completed=done, width=3 * _BAR_COLUMNS, complete_style="cyan")
        files = Text.assemble((f"file {file.number} of {self._count}", "bold"), "  ", file.name)
        steps = Columns([_brief(step) for step in file.board.steps], padding=(0, 3, 0, 0))
        doing = Text(self._waiting, style="dim") if self._waiting else steps
        return Padding(Group(Text(), _beside(bar, files), _beside(self._spinner, doing), Text()), (0, 0, 0, 2))


class PlainWatcher:
    """Says the same in whole lines, for logs and pipes: no control characters, no line twice."""

    def __init__(self, console: Console, system: System) -> None:
        self._console, self._system = console, system
        self._at_hand: _File | None = None
        self._files: dict[str, _File] = {}
        """Key of an input -> its file."""
        self._count = self._taken = 0

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
        self._taken += 1
        self._at_hand = _File(self._taken, one_line(path.name), Board.of(self._system))

    def registered(self, source: RegisteredInput) -> None:
        file = self._at_hand
        if file is None:
            return
        file.source = source
        self._files[source.key] = file
        number = f" (file {file.number} of {self._count})" if self._count > 1 else ""
        _print_warnings(self._console, source)
        self._say(file, f"{_amount(source)}, input {source.key}{number}")

    def waits(self, most: int) -> None:
        print_line(self._console, _waiting(most))

    def observe(self, event: Event) -> None:
        file = self._files.get(input_of(event))
        if file is None:
            return
        step = file.board.observe(event)
        if isinstance(event, StepJudged):
            told = file.source.warnings if file.source else ()
            for check in event.checks:
                if not check.passed:
                    doubt = failed_check(event.record.step, check, told)
                    print_line(self._console, doubt_line(doubt, file.name))
            return
        if step is None or step.state in ("waiting", "running"):
            return
        model = f" ({step.model})" if step.model else ""
        took = "" if step.state == "not run" else f" in {length(step.seconds or 0.0)}"
        reason = f": {step.error}" if step.error else ""
        self._say(file, f"{step.name}{model} {step.state}{took}{reason}")

    def ended(self, outcome: FileOutcome) -> None:
        if line := closing_line(outcome):
            print_line(self._console, line)

    def _say(self, file: _File, words: str) -> None:
        print_line(self._console, f"{file.name}: {words}")


Watching = LiveWatcher | PlainWatcher


def watcher(console: Console, system: System) -> Watching:
    """What suits the console: a moving table on a terminal, lines elsewhere."""
    make: Callable[[Console, System], Watching] = LiveWatcher if console.is_terminal else PlainWatcher
    return make(console, system)


def run_watched(start: "OpenLauncher", lab: Lab, system: System, source: RegisteredInput) -> "LaunchResult":
    """Run a system on an input that is in the lab, and show on standard error how far it is."""
    with watcher(stderr(), system) as watching, observed_by(watching.observe), start(lab) as launcher:
        watching.files(1)
        watching.taken_up(Path(source.name))
        watching.registered(source)
        return launcher.run(system.key, source)


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


def _amount(source: RegisteredInput) -> str:
    return f"{source.extent} of audio" if source.kind == "media" else source.extent


def _waiting(most: int) -> str:
    return f"{plural(most, 'run is', 'runs are')} at work, as many as there may be: waiting for one to end"


def _heading(file: _File, system: System) -> Text:
    extent = f"{file.source.extent}   " if file.source else ""
    return Text.assemble(
        ("  ", ""),
        (file.name, "bold"),
        ("   ", ""),
        (f"{extent}{system.key}", "dim"),
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
