"""`modellab compare`."""

from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption
from modellab.cli.results import DatasetOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from modellab.evaluation.comparison import CasePair, StepDifference, Verdict
    from modellab.runs.comparing import Compared, Heard, OnDataset

_SYSTEM = "A model, a pipeline, or a pipeline with overrides."


def compare(
    a: Annotated[
        str,
        typer.Argument(metavar="A", help=_SYSTEM, show_default=False, autocompletion=completion.measured_systems),
    ],
    b: Annotated[
        str,
        typer.Argument(metavar="B", help="The other.", show_default=False, autocompletion=completion.measured_systems),
    ],
    dataset: DatasetOption = None,
    cases: Annotated[int, typer.Option(min=0, help="Of how many recordings the words that differ are shown.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Hold two systems beside each other over what is stored: figures, verdict, slices, and the words that differ.

    Nothing runs: bench makes what is missing. Of recordings that no dataset knows, the texts alone are compared.

    [bold]Examples[/bold]

    $ modellab compare faster_whisper:tiny.en faster_whisper:base --dataset asr_smoke_v1
    $ modellab compare meeting meeting+asr=faster_whisper:base --cases 10
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, stdout
    from modellab.runs.comparing import compare as beside

    found = beside(lab_to_ask(), a, b, dataset=dataset, cases=cases)
    if as_json:
        print_json(found.document())
    else:
        _print(stdout(), found)


def _print(console: "Console", found: "Compared") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_line

    print_line(console, Text.assemble(("A ", "bold"), found.a))
    print_line(console, Text.assemble(("B ", "bold"), found.b))
    _print_differing(console, found.differs)
    for one in found.datasets:
        console.print()
        _print_dataset(console, one)
    if found.texts is None:
        return
    console.print()
    said = "There is no reference that both were held against: only their texts are compared, and none is right."
    print_line(console, marked("!", "yellow", said))
    for text in found.texts:
        console.print()
        _print_words(console, text, with_reference=False)


def _print_differing(console: "Console", found: "Sequence[StepDifference]") -> None:
    from rich.text import Text

    from modellab.cli.console import print_block, table

    if not found:
        return
    console.print()
    shown = table("Step", "What differs", "A", "B")
    for one in found:
        shown.add_row(*map(Text, (one.step, one.what, _value(one.what, one.a), _value(one.what, one.b))))
    print_block(console, shown)


def _value(what: str, value: object) -> str:
    if what == "step":
        return "has it" if value else "has it not"
    return "-" if value is None else str(value)


def _print_dataset(console: "Console", found: "OnDataset") -> None:
    from rich.text import Text

    from modellab.cli.bench_table import standing_table
    from modellab.cli.console import marked, print_block, print_line
    from modellab.evaluation.wording import no_figure
    from modellab.units import plural

    stands = found.standing
    print_line(
        console, Text(f"{stands.dataset} {stands.version}   {plural(stands.cases, 'case')}", style="bold underline")
    )
    print_block(console, standing_table(stands, found.speeds))
    for verdict in found.verdicts:
        console.print()
        _print_verdict(console, verdict)
    for system in stands.systems:
        for case in system.failed:
            print_line(console, marked("!", "yellow", no_figure(system.system, case)))
        if system.cases < stands.cases:
            lacking = f"{system.system} was put to {system.cases} of {plural(stands.cases, 'case')}"
            print_line(console, marked("!", "yellow", f"{lacking}. To measure the others: {found.ways[0]}"))
    if stands.hosts_differ:
        said = "Results are of several machines, on which the same model may give other words."
        print_line(console, marked("!", "yellow", said))
    for pair, heard in found.cases:
        console.print()
        if found.lead is not None:
            _print_case(console, pair, found.lead)
        _print_words(console, heard, with_reference=True)


def _print_verdict(console: "Console", found: "Verdict") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_line, table
    from modellab.evaluation.wording import comparison_sentence, difference_text
    from modellab.statistics.comparing import Versus
    from modellab.statistics.slices import LEAST_CASES
    from modellab.units import plural

    told_apart = found.versus.comparison.verdict != "not separable"
    mark, style = ("✓", "green") if told_apart else ("·", "dim")
    print_line(console, Text.assemble((found.measure.metric, "bold"), (f"   {found.measure.protocol}", "dim")))
    print_line(console, marked(mark, style, found.sentence))
    if found.versus.comparison.difference is None:
        return
    for note in found.versus.comparison.notes:
        print_line(console, Text(f"  {note}", style="dim"))
    slices = [one for one in found.slices if one.comparison.n >= LEAST_CASES]
    shown = table("Slice", "A less B", "Verdict of A", "Cases", right=("Cases",))
    for one in slices:
        slice_of = f"{one.tag} {one.value}"
        cells = (
            slice_of,
            difference_text(one.comparison, found.measure),
            one.comparison.verdict,
            str(one.comparison.n),
        )
        shown.add_row(*map(Text, cells))
    if slices:
        print_block(console, shown)
    if left := len(found.slices) - len(slices):
        said = f"  and {plural(left, 'slice')} of fewer than {LEAST_CASES} cases, which --json has"
        print_line(console, Text(said, style="dim"))
    if found.worst is not None:
        versus = Versus(found.versus.a, found.versus.b, found.worst.comparison)
        said = f"worst for A at {found.worst.tag} {found.worst.value}: {comparison_sentence(versus, found.measure)}"
        print_line(console, marked("!", "yellow", said))


def _print_case(console: "Console", case: "CasePair", verdict: "Verdict") -> None:
    from rich.text import Text

    from modellab.cli.console import print_line

    figures = " / ".join(
        "failed" if one is None else f"{one.numerator:g} of {one.denominator:g}" for one in (case.a, case.b)
    )
    print_line(console, Text.assemble((case.case_id, "bold"), f"   {verdict.measure.metric} A / B: {figures}"))


def _print_words(console: "Console", heard: "Heard", *, with_reference: bool) -> None:
    from rich.text import Text

    from modellab.cli.console import print_block, print_line, table
    from modellab.units import clock, plural

    if not with_reference:
        print_line(console, Text.assemble((heard.input, "bold"), f"   {plural(heard.edits, 'word')} differ"))
    print_line(console, Text(f"  {heard.audio or 'the recording is no more in the lab'}", style="dim"))
    if heard.missing is not None:
        print_line(console, Text(f"  {heard.missing}", style="dim"))
        return
    if heard.words is None:
        return
    if not heard.words:
        print_line(console, Text("  their words are the same", style="dim"))
        return
    shown = table("  From", "To", *(["Said"] if with_reference else []), "A", "B", right=("  From", "To"))
    for one in heard.words:
        times = ("-", "-") if one.where is None else (clock(one.where.start_s, 1), clock(one.where.end_s, 1))
        texts = ([one.reference] if with_reference else []) + [one.first, one.second]
        shown.add_row(*map(Text, (*times, *(text or "·" for text in texts))))
    print_block(console, shown)
