"""`modellab runs prune`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.bar import bar
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.upkeep.pruning import Plan, PruneReport

_MOST_LISTED = 10


def prune(
    *,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="SPAN", help="Runs that ended longer ago: 30d, 12h, 2w.")
    ] = None,
    larger_than: Annotated[
        str | None,
        typer.Option("--larger-than", metavar="SIZE", help="Runs whose results take more together: 1GB, 500MiB."),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", metavar="STATUS,...", help="Runs that ended so: completed, failed, canceled, interrupted."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="STEP,...", help="Steps whose results stay: bundle.", autocompletion=completion.steps
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it is only said what would go.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Free disk: delete the files of results of runs that meet every condition. Rows and figures stay.

    It says what would go and how much that frees; --yes does it. What another run uses stays, and what a promotion or a
    baseline rests on. Whoever wants a pruned result has it made again by running the recording again.

    [bold]Examples[/bold]

    $ modellab runs prune --older-than 30d
    $ modellab runs prune --status failed,canceled --yes
    $ modellab runs prune --older-than 12w --larger-than 1GB --keep bundle --yes
    """
    from modellab.amounts import size_bytes, span_s
    from modellab.cli.console import print_json, stdout
    from modellab.settings import Lab
    from modellab.upkeep import pruning
    from modellab.warehouse.builder import build

    conditions = pruning.Conditions(
        span_s(older_than, "--older-than") if older_than is not None else None,
        size_bytes(larger_than, "--larger-than") if larger_than is not None else None,
        _listed(status),
        _listed(keep),
    )
    lab = Lab.from_environment()
    build(lab)
    planned = pruning.plan(lab, conditions)
    done = None
    if yes:
        with bar("deleting results") as progress:
            done = pruning.prune(lab, planned, progress)
    if as_json:
        print_json(_document(planned, done))
    elif done is None:
        _print_plan(stdout(), planned, lab.timezone)
    else:
        _print_done(stdout(), done)
    if done is not None and done.left:
        raise typer.Exit(1)


def _listed(values: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for value in values or () for part in value.split(",") if part.strip()))


def _document(planned: "Plan", done: "PruneReport | None") -> dict[str, Any]:
    return {
        "frees": planned.frees,
        "results": planned.results,
        "by_step": {step: {"results": count, "bytes": total} for step, (count, total) in planned.by_step.items()},
        "runs": planned.runs,
        "stays": planned.stays,
        "done": done,
    }


def _print_plan(console: "Console", planned: "Plan", zone: str) -> None:
    from rich.text import Text

    from modellab.cli.console import print_block, print_line, table
    from modellab.local_days import local_time
    from modellab.units import plural, size

    if not planned.results:
        print_line(console, Text("Nothing is to be pruned.", style="dim"))
    for one in planned.runs[:_MOST_LISTED]:
        at = f"{local_time(one.ended_at, zone):%Y-%m-%d %H:%M}"
        print_line(console, f"{one.run}  {at}  {one.status}  {one.name}, {one.system}: {size(one.bytes)}")
    if len(planned.runs) > _MOST_LISTED:
        print_line(console, Text(f"… and {plural(len(planned.runs) - _MOST_LISTED, 'run')} more", style="dim"))
    if planned.results:
        shown = table("Step", "Results", "Size", right=("Results", "Size"))
        for step, (count, total) in planned.by_step.items():
            shown.add_row(step, f"{count:,}", size(total))
        console.print()
        print_block(console, shown)
    for stays in planned.stays:
        print_line(
            console, Text(f"{plural(stays.results, 'result')} of these ({size(stays.bytes)}) stay: {stays.why}", "dim")
        )
    if planned.results:
        said = f"{size(planned.frees)} would be freed; rows and figures stay. --yes does it."
        print_line(console, Text(said, style="bold"))


def _print_done(console: "Console", done: "PruneReport") -> None:
    from modellab.cli.console import marked, print_line
    from modellab.units import plural, size

    freed = f"{plural(done.results, 'result')} pruned, {size(done.bytes)} freed; their rows and figures stay"
    print_line(console, marked("✓", "green", freed))
    for problem in done.left:
        print_line(console, marked("✗", "red", problem))
