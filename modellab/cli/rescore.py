"""`modellab rescore`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion, signals
from modellab.cli.console import JsonOption
from modellab.cli.datasets import FolderOption
from modellab.cli.launching import launcher_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modellab.runs.rescoring import CaseTold, Change, Rescored

_TOLD = 10
"""So many cases are named of each kind."""


def rescore(
    context: typer.Context,
    *,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", "-d", help="Only results on this dataset.", autocompletion=completion.datasets),
    ] = None,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score stored results again, after a reference or a scorer changed, and show what that changes. No model runs.

    Files of references that are missing change nothing: what the lab read of them the last time counts, and the cases
    are named.

    [bold]Examples[/bold]

    $ modellab rescore --dataset my_calls
    $ modellab rescore --dataset talks --folder tedlium=/data/tedlium
    """
    from modellab.cli.console import print_json
    from modellab.disk import require_space, require_writable
    from modellab.runs.rescoring import rescore as score_again
    from modellab.settings import Lab

    lab = Lab.from_environment()
    require_writable(lab.home)
    require_space(lab.home, 0, "scores")
    found = score_again(lab, launcher_of(context), dataset, folders=folders or [], check_stopped=signals.check)
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)
    if found.failed or found.unavailable or found.broken:
        raise typer.Exit(1)


def _print(found: "Rescored") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_line, stdout, table
    from modellab.units import plural

    console = stdout()
    said = f"{plural(found.scored, 'score sheet')} worked out, {found.kept} unchanged"
    print_line(console, marked("✓", "green", said))
    if found.changes:
        console.print()
        columns = ("Dataset", "System", "Metric", "Cases changed", "Before", "Now", "Scorer")
        shown = table(*columns, right=("Before", "Now"))
        for change in found.changes:
            shown.add_row(*(Text(cell) for cell in _cells(change)))
        print_block(console, shown)
        print_line(console, Text("Before and now: means over the cases that changed.", style="dim"))
    if found.left:
        said = f"{plural(len(found.left), 'result')} of earlier versions of steps or models stay as they were scored"
        print_line(console, marked("!", "yellow", f"{said}: to score them anew they would have to be made anew."))
    for said in _told("what was known of it the last time counts", found.kept_references):
        print_line(console, marked("!", "yellow", said))
    for said in _told("it can't be scored", found.unavailable):
        print_line(console, marked("✗", "red", said))
    for name, error in {**found.failed, **found.broken}.items():
        print_line(console, marked("✗", "red", f"{name}: {error}"))


def _told(what: str, cases: "Sequence[CaseTold]") -> "Iterator[str]":
    """A line for each of the first cases, and how many more there are."""
    from modellab.units import plural

    for one in cases[:_TOLD]:
        yield f"{one.dataset}, {one.case}: {what}: {one.why}"
    if (left := len(cases) - _TOLD) > 0:
        yield f"and {plural(left, 'case')} more, which --json has"


def _cells(change: "Change") -> tuple[str, ...]:
    figures = ("-" if value is None else f"{value:.4f}" for value in (change.before, change.after))
    scorers = " → ".join(change.scorers)
    return change.dataset, change.system, change.metric, f"{change.changed} of {change.cases}", *figures, scorers
