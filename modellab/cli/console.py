"""Where the command line writes: results to standard output, everything else to standard error."""

import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 160
"""Columns where nobody looks at a terminal: a table cut off at 80 would lose what a program or a log needs."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def stdout() -> Console:
    """The console results go to. Texts are printed as they are: file names may hold what looks like markup."""
    return _console(stderr=False)


def stderr() -> Console:
    """The console for progress, warnings and errors."""
    return _console(stderr=True)


def print_json(document: Any) -> None:
    """Print one JSON document on standard output. Dates become ISO 8601, paths text, and NaN and infinity null."""
    from pydantic_core import to_json

    text = to_json(document, indent=2, inf_nan_mode="null", by_alias=True)
    sys.stdout.write(text.decode() + "\n")


def print_block(console: Console, block: RenderableType) -> None:
    """Print something of several lines; outside a terminal without the spaces that Rich fills lines up with."""
    if console.is_terminal:
        console.print(block)
        return
    with console.capture() as captured:
        console.print(block)
    for line in captured.get().splitlines():
        print_line(console, line.rstrip())


def print_line(console: Console, text: str | Text, style: str | None = None) -> None:
    """Print one line that is never wrapped or cut, so that a path in it can be copied."""
    console.print(text, style=style, soft_wrap=True)


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table without frames; the columns in `right` hold figures."""
    made = Table(box=None, padding=(0, 3, 0, 0), header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made
