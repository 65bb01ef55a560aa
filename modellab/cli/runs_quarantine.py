"""`modellab runs quarantine`."""

from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.runs.quarantining import Decided, Decision

_MOST_LISTED = 10


def quarantine(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's key, what its input is called, or a Dagster run id, which means all that this one did.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the decision.")],
    back: Annotated[bool, typer.Option("--release", help="Let the run count again.")] = False,
    steps: Annotated[
        list[str] | None,
        typer.Option(
            "--step", metavar="STEP", help="Only this of its steps. Repeatable.", autocompletion=completion.steps
        ),
    ] = None,
    keep_results: Annotated[
        bool,
        typer.Option("--keep-results", help="What it made stays in use: only its own attempts are left out."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take a run out of every board, and keep it; with --release, let it count again.

    Left out are the run's steps, the results that they made, and what any run made of these. Results that the run only
    found in the cache stay. Later runs make anew what is out, beside it. Nothing is deleted.

    [bold]Examples[/bold]

    $ modellab runs quarantine 3f9c --reason "wrong weights"
    $ modellab runs quarantine 3f9c --reason "something else ran meanwhile" --keep-results
    $ modellab runs quarantine 3f9c --release --reason "the weights were right"
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, stdout
    from modellab.errors import UsageError
    from modellab.runs import quarantining

    if back and (steps or keep_results):
        raise UsageError("--release takes back the whole decision", found="--step or --keep-results beside it")
    lab = lab_to_ask()
    if back:
        found = quarantining.release(lab, run, reason)
    else:
        found = quarantining.quarantine(lab, run, reason, steps=steps or (), keep_results=keep_results)
    if as_json:
        print_json(found)
    else:
        _print(stdout(), found)


def _print(console: "Console", found: "Decided") -> None:
    from modellab.cli.console import marked, print_line
    from modellab.units import plural

    for one in found.decisions[:_MOST_LISTED]:
        mark, style = ("✓", "green") if one.event == "released" else ("!", "yellow")
        print_line(console, marked(mark, style, _said(one)))
        for other in one.made_elsewhere:
            print_line(console, f"  it only found what {other} had made: quarantine that to leave it out", "dim")
    if len(found.decisions) > _MOST_LISTED:
        print_line(console, f"… and {plural(len(found.decisions) - _MOST_LISTED, 'run')} more", "dim")
    if found.others:
        listed = ", ".join(found.others[:_MOST_LISTED]) + (", …" if len(found.others) > _MOST_LISTED else "")
        lost = f"{plural(len(found.others), 'other run')} rested on quarantined results, and lost figures: {listed}."
        print_line(console, marked("!", "yellow", f"{lost} Run again, they make their own."))


def _said(one: "Decision") -> str:
    from modellab.units import plural

    what = f"{one.run} ({one.system} on {one.input}, {', '.join(one.steps) or 'no steps'})"
    results = plural(one.results, "result")
    if one.event == "released":
        return f"{what} counts again, with {results} that it made"
    return f"{what} is in no board any more, and nothing uses {results} that it made"
