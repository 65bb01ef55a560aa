"""`modellab results`, `scorecard`, `coverage` and `eval`: the figures there are."""

from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from modellab.runs.evaluated import CaseScore, Evaluated

DatasetOption = Annotated[
    str | None, typer.Option("--dataset", "-d", help="Only on this dataset.", autocompletion=completion.datasets)
]


def results(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """List the latest figures: a line for each system, dataset and main metric, with its 95 % interval. Nothing runs.

    [bold]Example[/bold]

    $ modellab results --dataset asr_smoke_v1
    """
    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.evaluation.results import results as figures
    from modellab.evaluation.wording import figure_text

    found = figures(lab_to_ask(), dataset)
    if as_json:
        print_json({"results": [one.document() for one in found]})
        return
    console = stdout()
    if not found:
        print_line(
            console, Text("Nothing was measured yet: modellab bench --dataset DATASET --models A,B", style="dim")
        )
        return
    shown = table("Dataset", "Metric", "System", "Figure", "Cases", "Failed", "Protocol", right=("Cases", "Failed"))
    for one in found:
        measure, sure = one.figure.measure, one.figure.interval
        cells = (f"{one.dataset} {one.version}", measure.metric, one.system, figure_text(one.figure))
        shown.add_row(*map(Text, (*cells, f"{sure.n} of {one.of}", str(sure.failed), measure.protocol)))
    print_block(console, shown)


def scorecard(
    system: Annotated[
        str,
        typer.Argument(
            metavar="SYSTEM",
            help="A model, a pipeline, or a pipeline with overrides.",
            show_default=False,
            autocompletion=completion.measured_systems,
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show all figures of one system: quality with protocol and rank, speed, memory. Nothing runs.

    [bold]Example[/bold]

    $ modellab scorecard faster_whisper:base
    """
    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.evaluation.results import scorecard as figures
    from modellab.evaluation.wording import figure_text
    from modellab.runs.comparing import stored_key

    lab = lab_to_ask()
    found = figures(lab, stored_key(lab, system))
    if as_json:
        print_json(found.document())
        return
    console = stdout()
    print_line(console, Text(found.system, style="bold"))
    console.print()
    shown = table("Dataset", "Metric", "Figure", "Better", "Rank", "Cases", "Failed", "Protocol", right=("Failed",))
    for one, rank in found.figures:
        measure, sure = one.figure.measure, one.figure.interval
        place = "-" if rank is None or rank.rank is None else f"{rank.rank} of {rank.systems}"
        on = one.system.removeprefix(found.system)
        cells = (f"{one.dataset} {one.version}{on}", measure.metric, figure_text(one.figure), measure.better, place)
        shown.add_row(*map(Text, (*cells, f"{sure.n} of {one.of}", str(sure.failed), measure.protocol)))
    print_block(console, shown)
    console.print()
    if not found.speeds:
        print_line(console, Text("No speed is known: all its results are of the cache.", style="dim"))
        return
    speed = table(
        "Step", "Real time", "Load s", "Memory MiB", "Runs", "Device", "Threads", right=("Load s", "Memory MiB", "Runs")
    )
    for step in found.speeds:
        memory = "-" if step.peak_memory_mib is None else f"{step.peak_memory_mib:.0f}"
        times = f"{1 / step.real_time_factor:.1f}x" if step.real_time_factor > 0 else "-"
        where = step.device or "-", "-" if step.threads is None else str(step.threads)
        speed.add_row(*map(Text, (step.step, times, f"{step.load_s:.2f}", memory, str(step.runs), *where)))
    print_block(console, speed)


def coverage(
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Only this model.", autocompletion=completion.models)
    ] = None,
    surface: Annotated[
        str | None,
        typer.Option("--surface", help="Only this surface.", autocompletion=completion.of_models("surfaces")),
    ] = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which model has evidence on which surface and dataset; a model without a dataset was never scored.

    [bold]Example[/bold]

    $ modellab coverage --surface asr
    """
    from rich.text import Text

    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.evaluation.measured import coverage as evidence

    found = evidence(lab_to_ask(), model=model, surface=surface, dataset=dataset)
    if as_json:
        print_json({"coverage": found})
        return
    console = stdout()
    if not found:
        print_line(console, Text("There is no such model, surface or dataset with evidence.", style="dim"))
        return
    counts = ("Metrics", "Cases", "Recordings")
    shown = table("Model", "Surface", "Dataset", *counts, right=counts)
    for row in found:
        figures = (str(row[name]) for name in ("metrics", "cases", "inputs"))
        shown.add_row(*map(Text, (row["model"], row["surface"], row["dataset"] or "-", *figures)))
    print_block(console, shown)


def evaluate(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="As in runs show: a run's key, what its input is called, or latest.",
            show_default=True,
            autocompletion=completion.runs,
        ),
    ] = "latest",
    as_json: JsonOption = False,
) -> None:
    """Show the scores of one run, or what makes its recording one that can be scored.

    [bold]Example[/bold]

    $ modellab eval latest
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json
    from modellab.runs.evaluated import evaluate as scores_of

    found = scores_of(lab_to_ask(), run)
    if as_json:
        print_json(found.document())
    else:
        _print_evaluated(found)


def _print_evaluated(found: "Evaluated") -> None:
    from rich.text import Text

    from modellab.cli.console import marked, print_block, print_line, stdout, table

    console = stdout()
    run = found.run
    print_line(console, Text.assemble((run.run, "bold"), f"   {run.name}   {run.system}   {run.status}"))
    if found.scores:
        console.print()
        shown = table("Case", "Step", "Metric", "Figure", "Of", "Protocol", right=("Figure",))
        for one in found.scores:
            case = f"{one.dataset} {one.version} {one.case_id}" if one.dataset else "-"
            shown.add_row(*map(Text, (case, one.step, one.metric, *_figure(one), one.protocol)))
        print_block(console, shown)
    if any(one.dataset for one in found.scores):
        return
    console.print()
    if not found.ways:
        said = "Its pipeline gives nothing that is held against references."
    elif found.cases:
        said = "What the recording's datasets know of it was not held against this run:"
    else:
        said = "Nothing is known of what is true of this recording. To make it known, make a dataset of it:"
    print_line(console, marked("!", "yellow", said))
    for way in found.ways:
        print_line(console, f"  {way}")
    if found.ways and not found.cases:
        print_line(console, "  and in between write what was said into the manifest: docs/datasets.md", "dim")


def _figure(one: "CaseScore") -> tuple[str, str]:
    if one.error is not None:
        return "-", one.error
    amounts = f"{one.numerator:g} / {one.denominator:g}"
    return ("-" if one.value is None else f"{one.value:.4f}"), f"{amounts} {one.unit}"
