"""`modellab runs compare`."""

from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.runs.comparing_runs import ComparedRuns, Spent, Words

_RUN = "A run's key, a Dagster run id, or what its input is called; keys may be shortened."
_MOST_STRETCHES = 40


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_RUN, show_default=False, autocompletion=completion.runs)],
    b: Annotated[
        str, typer.Argument(metavar="B", help="The other.", show_default=False, autocompletion=completion.runs)
    ],
    as_json: JsonOption = False,
) -> None:
    """Hold two runs beside each other: what they did differently, figures, the words that differ, time and memory.

    Nothing runs. To compare systems over datasets: modellab compare.

    [bold]Example[/bold]

    $ modellab runs compare 3f9c 81d0
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, stdout
    from modellab.runs.comparing_runs import compare_runs

    lab = lab_to_ask()
    found = compare_runs(lab, a, b)
    if as_json:
        print_json(found.document())
    else:
        _print(stdout(), found, lab.timezone)


def _print(console: "Console", found: "ComparedRuns", zone: str) -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_line, table
    from modellab.cli.run_table import result_text
    from modellab.local_days import local_time

    for name, run in (("A ", found.a), ("B ", found.b)):
        at = f"{local_time(run.started_at, zone):%Y-%m-%d %H:%M:%S}"
        said = f"{run.run}  {run.name}, {run.system}  {at}  "
        print_line(console, Text.assemble((name, "bold"), said, result_text(run)))
    console.print()
    if found.differs:
        shown = table("Step", "What differs", "A", "B")
        for one in found.differs:
            values = ("-" if value is None else str(value) for value in (one.a, one.b))
            shown.add_row(*map(Text, (one.step or "-", one.what, *values)))
        print_block(console, shown)
    else:
        print_line(console, Text("They did the same, as far as is recorded.", style="dim"))
    if found.figures:
        console.print()
        shown = table("Dataset", "Case", "Metric", "A", "B", "Protocol", right=("A", "B"))
        for figure in found.figures:
            figures = (_value(figure.a, figure.a_error), _value(figure.b, figure.b_error))
            names = (figure.dataset or "-", figure.case_id or "-", f"{figure.metric} ({figure.unit})")
            shown.add_row(*map(Text, (*names, *figures, figure.protocol)))
        print_block(console, shown)
    console.print()
    if found.words is None:
        print_line(console, marked("·", "dim", f"No words are compared: {found.no_words}."))
    else:
        _print_words(console, found.words)
    if found.spent:
        console.print()
        _print_spent(console, found.spent)


def _value(value: float | None, error: str | None) -> str:
    return "failed" if error else "-" if value is None else f"{value:.4g}"


def _print_words(console: "Console", words: "Words") -> None:
    from rich.text import Text

    from modellab.cli.console import print_block, print_line, table
    from modellab.units import clock, plural

    if not words.stretches:
        print_line(console, Text("Their words are the same.", style="dim"))
        return
    shown = table("From", "To", *(["Said"] if words.known else []), "A", "B", right=("From", "To"))
    for one in words.stretches[:_MOST_STRETCHES]:
        times = ("-", "-") if one.where is None else (clock(one.where.start_s, 1), clock(one.where.end_s, 1))
        texts = ([one.reference] if words.known else []) + [one.first, one.second]
        shown.add_row(*map(Text, (*times, *(text or "·" for text in texts))))
    print_block(console, shown)
    if len(words.stretches) > _MOST_STRETCHES:
        more = plural(len(words.stretches) - _MOST_STRETCHES, "stretch", "stretches")
        print_line(console, Text(f"… and {more} more, which --json has", style="dim"))
    if not words.known:
        print_line(console, Text("Nothing says what was said: neither is right.", style="dim"))


def _print_spent(console: "Console", spent: "tuple[Spent, ...]") -> None:
    from rich.text import Text

    from modellab.cli.console import print_block, table
    from modellab.units import figure

    columns = ("Inference A (s)", "B", "Whole step A (s)", "B ", "Memory A (MiB)", "B  ")
    shown = table("Step", *columns, right=columns)
    for one in spent:
        times = (one.a_inference_s, one.b_inference_s, one.a_total_s, one.b_total_s)
        memory = (one.a_peak_memory_mib, one.b_peak_memory_mib)
        cells = [*("-" if each is None else figure(each) for each in times)]
        cells += ["-" if each is None else f"{each:.0f}" for each in memory]
        shown.add_row(*map(Text, (one.step, *cells)))
    print_block(console, shown)
