"""`modellab use-cases` and `modellab candidates`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.evaluation.candidates import Candidate, Part
    from modellab.evaluation.contenders import Field
    from modellab.evaluation.use_cases import BrokenUseCase, Criterion, UseCase, UseCases

app = typer.Typer(name="use-cases", help="What models are wanted for, and what counts then.", no_args_is_help=True)

UseCaseArgument = Annotated[
    str, typer.Argument(metavar="USE_CASE", help="Its id.", autocompletion=completion.use_cases, show_default=False)
]


@app.command("list")
def list_use_cases(*, as_json: JsonOption = False) -> None:
    """List use cases, what each asks for, and by which datasets it judges.

    [bold]Example[/bold]

    $ modellab use-cases list
    """
    from modellab.cli.console import print_block, print_json, stdout, table

    known = _known()
    broken = known.broken()
    if as_json:
        print_json({"use_cases": [_document(known, one) for one in known.all()], "broken": _broken(broken)})
        return
    rows = table("Use case", "Title", "Surfaces", "Datasets")
    for one in known.all():
        rows.add_row(one.id, one.title, ", ".join(one.surfaces), ", ".join(one.datasets))
    print_block(stdout(), rows)
    _print_broken(broken)


@app.command()
def show(use_case: UseCaseArgument, *, as_json: JsonOption = False) -> None:
    """Show one use case: its constraints, and what its score is made of.

    [bold]Example[/bold]

    $ modellab use-cases show noisy_phone_calls
    """
    from rich.text import Text

    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.local_days import local_time
    from modellab.promotion.ledger import promoted
    from modellab.settings import Lab

    known, lab = _known(), Lab.from_environment()
    found = known.get(use_case)
    if as_json:
        print_json(_document(known, found))
        return
    console = stdout()
    print_line(console, Text.assemble((found.id, "bold"), f"   {found.title}"))
    print_line(console, found.description)
    console.print()
    rows = table("Must", "")
    rows.add_row("surfaces", ", ".join(found.surfaces))
    for name, value in found.constraints.model_dump(exclude_defaults=True).items():
        rows.add_row(name, ", ".join(value) if isinstance(value, list) else f"{value:g}")
    print_block(console, rows)
    console.print()
    parts = table("Counts", "Weight", "Worth all at", "Worth nothing at", right=("Weight",))
    for one in found.score:
        parts.add_row(one.name, f"{one.weight:g}", f"{one.best:g}", f"{one.worst:g}")
    print_block(console, parts)
    used = promoted(lab).get(found.id)
    if used is not None:
        since = f"{local_time(used.at, lab.timezone):%Y-%m-%d %H:%M}"
        print_line(console, f"In use since {since}: {used.system} (modellab promotions show {found.id})")
    print_line(console, Text(f"Who suits it: modellab candidates {found.id}", style="dim"))


def candidates(
    use_case: UseCaseArgument,
    system: Annotated[
        str | None,
        typer.Argument(
            metavar="[SYSTEM]",
            help="One candidate with all that is known of it: a model or pipeline.",
            autocompletion=completion.pipelines,
            show_default=False,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Rank the systems that could serve a use case, by what was measured alone, and say what is missing.

    Those that can't be told apart share a rank. What was not measured is not ranked: the command that would measure it
    is shown.

    [bold]Examples[/bold]

    $ modellab candidates noisy_phone_calls
    $ modellab candidates noisy_phone_calls faster_whisper:base
    """
    from modellab.cli.console import print_json, stdout
    from modellab.evaluation.contenders import field_of
    from modellab.evaluation.field_document import field_document
    from modellab.names import one_of
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab
    from modellab.warehouse.builder import build

    lab = Lab.from_environment()
    found_case = _known().get(use_case)
    build(lab)
    found = field_of(lab, found_case, ModelRegistry())
    chosen = list(found.candidates)
    if system is not None:
        one_of("candidate", system, [one.system for one in chosen])
        chosen = [one for one in chosen if one.system == system]
    if as_json:
        document = field_document(found)
        kept = [one for one in document["candidates"] if system in (None, one["system"])]
        print_json({**document, "candidates": kept})
    elif system is None:
        _print_field(stdout(), found)
    else:
        for one in chosen:
            _print_one(stdout(), one)


def _print_field(console: "Console", found: "Field") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_line, table
    from modellab.legible import one_line

    case = found.use_case
    print_line(console, Text.assemble((case.id, "bold"), f"   {case.title}; by {', '.join(case.datasets)}"))
    console.print()
    ranked = found.of("ranked")
    if ranked:
        headings = [_heading(part.criterion, case.datasets) for part in ranked[0].parts]
        rows = table("Rank", "System", "Score", *headings, right=("Rank",))
        for one in ranked:
            shared = sum(other.rank == one.rank for other in ranked) > 1
            rank = f"{one.rank}=" if shared else f"{one.rank}"
            rows.add_row(rank, one.name, f"{one.score:.2f}", *(_part(part) for part in one.parts))
        print_block(console, rows)
        for one in ranked:
            if one.not_separable_from:
                said = f"{one.name} can't be told from {', '.join(one.not_separable_from)}"
                print_line(console, marked("·", "dim", said))
    else:
        print_line(console, marked("!", "yellow", "Nobody can be ranked: there is not enough evidence."))
    for heading, state in (("Not enough evidence", "lacks evidence"), ("Ruled out", "ruled out")):
        those = found.of(state)
        if those:
            console.print()
            print_line(console, Text(heading, style="bold"))
        for one in those:
            refused = [f"{each.constraint}: {each.told}" for each in one.findings if each.state == "not met"]
            why = refused or ([f"can't run here: {one.unavailable}"] if one.unavailable else _briefly(one))
            print_line(console, marked("·", "dim", one_line(f"{one.name}: {'; '.join(why)}")))
    notes = [f"{key} was measured, and is no system any more: {why}" for key, why in found.gone.items()]
    if found.evidence.other_machines:
        notes.append("Speed is of the machine with the most recordings; what others did is left out.")
    for note in notes:
        print_line(console, marked("!", "yellow", one_line(note)))
    if found.commands:
        console.print()
        print_line(console, "What would get the evidence:")
        for command in found.commands:
            print_line(console, f"  {command}")


def _heading(one: "Criterion", datasets: list[str]) -> str:
    """Metric and slice; the dataset's name as well, where there are several."""
    return one.name if len(datasets) > 1 else f"{one.metric} {one.slice}".rstrip()


def _briefly(one: "Candidate") -> list[str]:
    return ["not measured"] if all(part.figure is None for part in one.parts) else one.missing


def _print_one(console: "Console", one: "Candidate") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_line, table

    score = f"rank {one.rank}, score {one.score:.2f}" if one.state == "ranked" else one.state
    print_line(console, Text.assemble((one.name, "bold"), f"   {score}"))
    marks = {"met": ("✓", "green"), "not met": ("✗", "red"), "no evidence": ("?", "yellow")}
    for each in one.findings:
        print_line(console, marked(*marks[each.state], f"{each.constraint}: {each.told}"))
    rows = table("Counts", "Figure", "Recordings", "Worth", "Weight", "Points", right=("Recordings",))
    for part in one.parts:
        worth = "-" if part.value is None else f"{part.criterion.worth(part.value):.2f}"
        points = part.missing if part.points is None else f"{part.points:.3f}"
        n = str(part.figure.n) if part.figure else "0"
        rows.add_row(part.criterion.name, _part(part), n, worth, f"{part.criterion.weight:g}", points or "")
    print_block(console, rows)
    if one.ahead_of:
        print_line(console, f"Ahead of {', '.join(one.ahead_of)}")
    if one.not_separable_from:
        print_line(console, f"Can't be told from {', '.join(one.not_separable_from)}")
    if one.unavailable:
        print_line(console, marked("✗", "red", f"can't run here: {one.unavailable}"))


def _part(part: "Part") -> str:
    from modellab.evaluation.use_cases import SPEED

    if part.value is None:
        return "-"
    return f"{part.value:.1f}x" if part.criterion.metric == SPEED else f"{part.value:.3f}"


def _known() -> "UseCases":
    from modellab.evaluation.use_cases import UseCases
    from modellab.settings import Lab

    return UseCases(Lab.from_environment())


def _document(known: "UseCases", one: "UseCase") -> dict[str, Any]:
    return {**one.model_dump(mode="json"), "file": str(known.file(one.id))}


def _broken(broken: "list[BrokenUseCase]") -> list[dict[str, str]]:
    return [{"file": str(one.file), "error": str(one.error)} for one in broken]


def _print_broken(broken: "list[BrokenUseCase]") -> None:
    from modellab.cli.console import marked, print_line, stderr

    for one in broken:
        print_line(stderr(), marked("!", "yellow", one.error.told()))
