"""Printing what a statement gave: as a table, as comma-separated values, as JSON, each while its rows come."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from textwrap import indent
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from modellab.cli import streams
from modellab.cli.console import (
    error_document,
    json_text,
    print_block,
    print_line,
    print_text,
    stderr,
    stdout,
    table,
)
from modellab.errors import Interrupted, LabError
from modellab.units import plural
from modellab.warehouse.query import COUNTED, QueryResult

_GAP = 3
"""Columns between those of a table."""


def print_json_rows(batches: Iterator[QueryResult]) -> None:
    """One JSON document, whose rows are written as they come.

    Where the statement fails or is stopped after its first rows, the document ends with `error`.
    """
    first = next(batches)
    sys.stdout.write(f'{json_text({"columns": first.columns})[:-2]},\n  "rows": [')
    more, any_yet = first.more, False
    error: LabError | None = None
    try:
        for batch in _while_read(first, batches):
            if batch.rows:
                lines = json_text(batch.as_records()).removeprefix("[\n").removesuffix("\n]")
                sys.stdout.write(f"{',' if any_yet else ''}\n{indent(lines, '  ')}")
                any_yet = True
            more = batch.more
    except KeyboardInterrupt:
        error = Interrupted()
    except LabError as trouble:
        error = trouble
    end = {"truncated": more > 0, "more": more} if error is None else {"truncated": True, "more": None}
    closing = json_text({**end, **(error_document(error) if error else {})})
    sys.stdout.write(f"{f'{chr(10)}  ' if any_yet else ''}],{closing[1:]}\n")
    if error:
        # Of a signal the command's own end makes the code; any other code would have a second document printed.
        raise typer.Exit(0 if isinstance(error, Interrupted) else error.exit_code)


def print_csv(batches: Iterator[QueryResult]) -> None:
    """Comma-separated values under a heading."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    shown = 0
    for number, batch in enumerate(_while_read(next(batches), batches)):
        for row in batch.rows if number else (batch.columns, *batch.rows):
            writer.writerow(row)
        print_text(lines.getvalue())
        lines.seek(lines.truncate(0))
        shown += len(batch.rows)
        _say_more(batch, shown)


def print_table(batches: Iterator[QueryResult]) -> None:
    """One line a row, or, from where lines do not fit the width, one line a value.

    Of many rows only some are looked at before they are shown: where later ones need wider columns, the heading comes
    again above them.
    """
    console, first = stdout(), next(batches)
    right = _figures(first)
    widths: list[int] = []
    fits, shown, last = True, 0, first
    for batch in _while_read(first, batches):
        rows = [[_cell(value) for value in row] for row in batch.rows]
        needed = _widths(batch.columns, rows, widths)
        fits = fits and sum(needed) + _GAP * (len(needed) - 1) <= console.width
        if not fits:
            _print_records(console, batch.columns, rows, shown + 1)
        elif rows or not shown:
            _print_lines(console, batch.columns, rows, right, needed, heading=needed != widths)
        widths, shown = needed, shown + len(rows)
        last = batch
    print_line(console, Text(plural(shown, "row"), style="dim"))
    _say_more(last, shown)


def _while_read(first: QueryResult, batches: Iterator[QueryResult]) -> Iterator[QueryResult]:
    """The batches, for as long as standard output takes what is printed."""
    yield first
    while not streams.takes_no_more() and (batch := next(batches, None)) is not None:
        yield batch


def _say_more(batch: QueryResult, shown: int) -> None:
    """On standard error, where it is seen though the rows go into a file."""
    if not batch.more:
        return
    more = f"{'at least ' if batch.more == COUNTED else ''}{plural(batch.more, 'further row')}"
    done = f"the first {plural(shown, 'row')}" if shown else "no rows"
    print_line(stderr(), f"! {done} shown; {more}: --limit N or --all shows them", "yellow")


def _figures(batch: QueryResult) -> frozenset[int]:
    """Places of the columns that hold figures."""
    values = zip(*batch.rows, strict=True) if batch.rows else [()] * len(batch.columns)
    return frozenset(
        place
        for place, column in enumerate(values)
        if all(isinstance(value, int | float) or value is None for value in column)
    )


def _cell(value: Any) -> Text:
    return Text("–", style="dim") if value is None else Text(_shown(value))


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _widths(names: Sequence[str], rows: Sequence[Sequence[Text]], before: Sequence[int]) -> list[int]:
    """Columns of the terminal that each column of the table takes, at least as many as before."""
    cells = zip(map(Text, names), *rows, strict=True)
    needed = [max(cell_len(line) for cell in column for line in cell.plain.split("\n")) for column in cells]
    return [max(pair) for pair in zip(needed, before or needed, strict=True)]


def _print_lines(
    console: Console,
    names: Sequence[str],
    rows: Sequence[Sequence[Text]],
    right: frozenset[int],
    widths: Sequence[int],
    *,
    heading: bool,
) -> None:
    lines = table(*names)
    lines.show_header = heading
    for place, (column, width) in enumerate(zip(lines.columns, widths, strict=True)):
        column.min_width = width
        column.justify = "right" if place in right else "left"
    for row in rows:
        lines.add_row(*row)
    print_block(console, lines)


def _print_records(console: Console, names: Sequence[str], rows: Sequence[Sequence[Text]], first: int) -> None:
    for number, row in zip(count(first), rows, strict=False):
        print_line(console, f"row {number}", "bold")
        record = table("", "")
        record.show_header = False
        for name, value in zip(names, row, strict=True):
            record.add_row(f"  {name}", value)
        print_block(console, record)
