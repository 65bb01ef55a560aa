"""`modellab recommend`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption
from modellab.cli.launching import launcher_of

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.promotion.recommending import Recommendation

_MOST_UNKNOWN = 8


def recommend(
    context: typer.Context,
    use_case: Annotated[
        str, typer.Argument(metavar="USE_CASE", help="Its id.", autocompletion=completion.use_cases, show_default=False)
    ],
    *,
    run: Annotated[
        list[Path] | None,
        typer.Option("--run", metavar="FILE", help="Run it on this recording, as modellab run does. Repeatable."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say which system to take for a use case, by what was measured alone, how sure that is, and what would make it
    surer.

    A tie is said to be one: then what is in use is named, or the one with the highest score. Where nothing was measured
    nothing is recommended, and the command that measures is shown; the exit code is then 1.

    [bold]Examples[/bold]

    $ modellab recommend live_caption_vad
    $ modellab recommend noisy_phone_calls --run call.wav
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, print_line, stderr, stdout
    from modellab.cli.run import process
    from modellab.promotion.recommending import recommend as choose

    lab = lab_to_ask()
    found = choose(lab, use_case)
    if run and found.chosen is not None:
        print_line(stderr(), f"{found.chosen.system} for {use_case}: {found.because}", "dim")
        process(launcher_of(context), run, found.chosen.system, [], None, force=False, as_json=as_json)
        return
    if as_json:
        print_json(found.document())
    else:
        _print(stdout(), found, lab.timezone)
    if found.chosen is None:
        raise typer.Exit(1)


def _print(console: "Console", found: "Recommendation", zone: str) -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_line, table
    from modellab.cli.part_figures import part_figure, part_interval, part_name
    from modellab.evaluation.field_document import candidate_document
    from modellab.legible import one_line
    from modellab.local_days import local_time

    case, chosen = found.field.use_case, found.chosen
    print_line(console, Text.assemble((case.id, "bold"), f"   {case.title}"))
    console.print()
    if chosen is None:
        print_line(console, marked("!", "yellow", f"Nothing is recommended: {found.because}."))
    else:
        of = len(found.field.of("ranked"))
        said = f"{chosen.name}   rank {chosen.rank} of {of} with evidence, score {chosen.score:.2f}"
        print_line(console, marked("=" if found.tied else "✓", "yellow" if found.tied else "green", said))
        print_line(console, f"  {found.because}")
        console.print()
        rows = table("Counts", "Figure", "95 %", "Recordings", right=("Recordings",))
        for part in candidate_document(chosen)["parts"]:
            rows.add_row(part_name(part), part_figure(part), part_interval(part), str(part["n"]))
        print_block(console, rows)
    if found.in_use is not None:
        since = f"{local_time(found.in_use.at, zone):%Y-%m-%d %H:%M}"
        print_line(console, marked("·", "dim", f"In use since {since}: {found.in_use.system}"))
    for system, why in found.not_here:
        print_line(console, marked("✗", "red", f"{system} was measured, and can't run here: {why}"))
    for system, why in found.ruled_out:
        print_line(console, marked("✗", "red", one_line(f"{system} is ruled out: {why}")))
    _print_unknown(console, found)
    if found.field.commands or found.more_cases:
        console.print()
        print_line(console, "What would make it surer:" if chosen else "What would get the evidence:")
        for command in found.field.commands:
            print_line(console, f"  {command}")
        if found.more_cases:
            where = ", ".join(case.datasets)
            print_line(
                console, f"  some {found.more_cases} more recordings like these in {where}, to tell the tied apart"
            )
    if chosen is not None and not found.is_in_use:
        console.print()
        print_line(console, f"To have it in use: modellab promote {chosen.system} --use-case {case.id}", "dim")


def _print_unknown(console: "Console", found: "Recommendation") -> None:
    from modellab.cli.console import marked, print_line
    from modellab.legible import one_line
    from modellab.units import plural

    for system, why in found.unknown[:_MOST_UNKNOWN]:
        print_line(console, marked("?", "yellow", one_line(f"{system}: {why}")))
    rest = len(found.unknown) - _MOST_UNKNOWN
    if rest > 0:
        of = f"modellab candidates {found.field.use_case.id}"
        print_line(console, marked("?", "yellow", f"and {plural(rest, 'more system')} without evidence: {of}"))
