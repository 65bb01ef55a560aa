"""`modellab warehouse` and `modellab sql`."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.settings import Lab
    from modellab.warehouse.builder import BuildReport

_ROWS = 1000

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
    from contextlib import closing

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.query_rows import print_csv, print_json_rows, print_table
    from modellab.errors import UsageError
    from modellab.warehouse.query import batches

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    text = sys.stdin.read() if statement == "-" else statement
    show = print_json_rows if as_json else print_csv if as_csv else print_table
    with closing(batches(lab_to_ask(), text, limit=None if show_all else limit)) as rows:
        show(rows)


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
