"""Past runs as a table: a line each, however narrow the terminal."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from modellab.cli.console import print_block, print_line
from modellab.local_days import local_time
from modellab.runs.past import PastRun
from modellab.units import length

_ROOMY = 110
"""Columns from which run keys and dates are shown whole."""
_SHORT_KEY = 8
"""Digits of a run's key that nearly always tell it from all others; commands take the beginning of one."""
_HEADINGS = ("Run", "Started", "File", "System", "Result", "Took")
_FILE, _SYSTEM, _TOOK = 2, 3, 5
_LEAST = 4
"""Columns that a name keeps: where even that is too much, lines are longer than the terminal."""


def result_text(run: PastRun) -> Text:
    """How a run stands: a mark and a word, a `!` where checks of its results failed, and if it is quarantined."""
    if run.status == "running":
        text = Text("› running", style="cyan")
    elif run.status != "completed":
        text = Text(f"✗ {run.status}", style="red")
    elif run.steps and run.steps == run.cached_steps:
        text = Text("✓ cached", style="cyan")
    else:
        text = Text("✓ completed", style="green")
    if run.failed_checks:
        text.append(" !", style="yellow")
    return text.append(" quarantined", style="yellow") if run.quarantined_at else text


def print_runs(console: Console, runs: Sequence[PastRun], zone: str) -> None:
    """A line for each run. On a terminal the file's and the system's names give way; elsewhere nothing is cut.

    Args:
        zone: IANA name of the time zone whose clock is shown.
    """
    roomy = not console.is_terminal or console.width >= _ROOMY
    lines = [_cells(run, zone, roomy=roomy) for run in runs]
    widths = [max(map(cell_len, column)) for column in zip(_HEADINGS, *[map(str, line) for line in lines], strict=True)]
    gap = 3 if roomy else 2
    if console.is_terminal:
        _narrow(widths, console.width - gap * (len(widths) - 1))
    console.width = max(console.width, sum(widths) + gap * (len(widths) - 1))
    rows = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    for width in widths:
        rows.add_column(width=width, no_wrap=True, overflow="ellipsis")
    rows.columns[_TOOK].justify = "right"
    rows.add_row(*_HEADINGS, style="bold")
    for line in lines:
        rows.add_row(*line)
    print_block(console, rows)
    if any(run.failed_checks for run in runs):
        print_line(console, Text("! checks of its results failed: modellab runs show RUN", style="dim"))


def _cells(run: PastRun, zone: str, *, roomy: bool) -> list[str | Text]:
    started = local_time(run.started_at, zone)
    return [
        run.run if roomy else run.run[:_SHORT_KEY],
        f"{started:%Y-%m-%d %H:%M}" if roomy else f"{started:%m-%d %H:%M}",
        run.name or "–",
        run.system or "–",
        result_text(run),
        "" if run.wall_s is None else length(run.wall_s),
    ]


def _narrow(widths: list[int], room: int) -> None:
    """Take from the names what does not fit: the system's gives way first, to two fifths of what both have."""
    both = room - sum(width for place, width in enumerate(widths) if place not in (_FILE, _SYSTEM))
    if widths[_FILE] + widths[_SYSTEM] <= both:
        return
    system = max(min(widths[_SYSTEM], both * 2 // 5), both - widths[_FILE])
    widths[_SYSTEM] = max(_LEAST, system)
    widths[_FILE] = max(_LEAST, both - widths[_SYSTEM])
