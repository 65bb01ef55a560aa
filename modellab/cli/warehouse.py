"""`modellab warehouse` and `modellab sql`."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.settings import Lab
    from modellab.warehouse.builder import BuildReport
    from modellab.warehouse.query import QueryResult

_ROWS = 1000
_ANY_WIDTH = 1_000_000
"""Characters: more than any line."""

app = typer.Typer(name="warehouse", help="The database that results go to.", no_args_is_help=True)


@app.command()
def build(as_json: JsonOption = False) -> None:
    """Bring new results into the database. Every run does this by itself when it ends."""
    from modellab.settings import Lab
    from modellab.warehouse.builder import build

    lab = Lab.from_environment()
    _report(build(lab), lab, as_json=as_json)


@app.command()
def rebuild(as_json: JsonOption = False) -> None:
    """Make the database anew from the artifacts and records alone."""
    from modellab.settings import Lab
    from modellab.warehouse.builder import rebuild

    lab = Lab.from_environment()
    _report(rebuild(lab), lab, as_json=as_json)


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT statement, or - to read it from standard input.")],
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values with a heading.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Rows to show at most.")] = _ROWS,
    show_all: Annotated[bool, typer.Option("--all", help="Show all rows, however many.")] = False,
) -> None:
    """Ask the database, read-only, in DuckDB's SQL.

    [bold]Examples[/bold]

    $ modellab sql "SELECT step, avg(inference_s) FROM steps WHERE NOT cached GROUP BY step"
    $ modellab sql "SHOW TABLES"
    $ modellab sql --csv - < query.sql
    """
    from modellab.cli.console import print_json
    from modellab.errors import UsageError
    from modellab.settings import Lab

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    from modellab.warehouse.query import query

    text = sys.stdin.read() if statement == "-" else statement
    result = query(Lab.from_environment(), text, limit=None if show_all else limit)
    if as_json:
        truncated = result.more > 0
        print_json(
            {"columns": result.columns, "rows": result.as_records(), "truncated": truncated, "more": result.more}
        )
    elif as_csv:
        _print_csv(result)
    else:
        _print_table(result)
    if result.more and not as_json:
        _say_more(result)


def _say_more(result: "QueryResult") -> None:
    """On standard error, where it is seen though the rows go into a file."""
    from modellab.cli.console import print_line, stderr
    from modellab.units import plural
    from modellab.warehouse.query import COUNTED

    more = f"{'at least ' if result.more == COUNTED else ''}{plural(result.more, 'further row')}"
    shown = f"the first {plural(len(result.rows), 'row')}" if result.rows else "no rows"
    print_line(stderr(), f"! {shown} shown; {more}: --limit N or --all shows them", "yellow")


def _print_csv(result: "QueryResult") -> None:
    import csv
    import io

    from modellab.cli.console import print_text

    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for row in (result.columns, *result.rows):
        writer.writerow(row)
        print_text(lines.getvalue())
        lines.seek(lines.truncate(0))


def _print_table(result: "QueryResult") -> None:
    """One line a row, or, where the lines would not fit the width, one line a value."""
    from rich.measure import Measurement
    from rich.text import Text

    from modellab.cli.console import print_block, print_line, stdout, table
    from modellab.units import plural

    console = stdout()
    figures = {
        name
        for position, name in enumerate(result.columns)
        if all(isinstance(row[position], int | float) or row[position] is None for row in result.rows)
    }
    shown = [[Text("–", style="dim") if value is None else Text(_shown(value)) for value in row] for row in result.rows]
    rows = table(*result.columns, right=tuple(figures))
    for row in shown:
        rows.add_row(*row)
    if Measurement.get(console, console.options.update(max_width=_ANY_WIDTH), rows).maximum <= console.width:
        print_block(console, rows)
    else:
        for number, row in enumerate(shown, 1):
            print_line(console, f"row {number}", "bold")
            record = table("", "")
            record.show_header = False
            for name, value in zip(result.columns, row, strict=True):
                record.add_row(f"  {name}", value)
            print_block(console, record)
    print_line(console, Text(plural(len(result.rows), "row"), style="dim"))


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _report(report: "BuildReport", lab: "Lab", *, as_json: bool) -> None:
    """Say what a build did; exits with 1 when something could not be brought in."""
    from rich.text import Text

    from modellab.cli.console import print_json, print_line, stderr, stdout
    from modellab.units import length, plural

    if as_json:
        print_json({"database": lab.database, **asdict(report)})
    else:
        print_line(stdout(), Text.assemble((f"{'Database':<14}", "bold"), str(lab.database)))
        counts = ", ".join(f"{table} {count:,}" for table, count in report.rows.items() if count)
        done = f"rows brought in: {counts or 'none'}" if report.changed else "up to date, nothing to do"
        print_line(stdout(), f"{done}; took {length(report.seconds)}")
        if report.started_over:
            print_line(stdout(), f"made anew, because {report.started_over}")
        if report.interrupted_runs:
            print_line(stdout(), f"{plural(report.interrupted_runs, 'run')} found that died without saying so")
        for path in report.set_aside:
            print_line(stderr(), f"! moved out of the way: {path}", "yellow")
        for problem in report.problems:
            print_line(stderr(), f"✗ {problem}", "red")
    if report.problems:
        raise typer.Exit(1)
