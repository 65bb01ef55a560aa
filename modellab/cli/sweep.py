"""`modellab sweep`."""

from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion, signals
from modellab.cli.bench import FurtherModels, named_models
from modellab.cli.console import JsonOption
from modellab.cli.datasets import FolderOption
from modellab.cli.launching import launcher_of

if TYPE_CHECKING:
    from rich.console import Console

    from modellab.experiments.outcome import Sweep
    from modellab.experiments.sweeping import Asked
    from modellab.settings import Lab

DatasetsOption = Annotated[
    list[str],
    typer.Option(
        "--dataset",
        "-d",
        help="What to measure on. Repeatable: the small ones first.",
        autocompletion=completion.datasets,
    ),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--models",
        "-m",
        help="Models or pipelines to measure: A B C, or A,B,C, or the option again.",
        autocompletion=completion.pipelines,
    ),
]
PipelineOption = Annotated[
    str | None,
    typer.Option(
        "--pipeline",
        "-p",
        help="Measure this pipeline with each of the models in the slot of what it does.",
        autocompletion=completion.pipelines,
    ),
]
GridOption = Annotated[
    list[str] | None,
    typer.Option(
        "--grid",
        metavar="SLOT=A,B",
        help="Measure each with every value of a step's model or parameter: asr.beam_size=1,5. Repeatable: all"
        " combinations.",
        autocompletion=completion.settings,
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="TIME",
        help="Take at most so long: 30m, 1h30m, 90s. Quick systems first, and what is surely worse is left out early.",
    ),
]
MetricOption = Annotated[
    str | None,
    typer.Option("--metric", help="By which systems are left out; otherwise by the main one of what they give."),
]


def sweep(
    context: typer.Context,
    further: FurtherModels = None,
    *,
    datasets: DatasetsOption,
    models: ModelsOption = None,
    pipeline: PipelineOption = None,
    grid: GridOption = None,
    budget: BudgetOption = None,
    metric: MetricOption = None,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure many systems on datasets, within a budget if given, and say which is better and how sure that is.

    A bench that plans: a grid of models and parameters, each model loaded once, and the time that is left. Only what
    has no result yet is run, so one that was broken off goes on. With a budget cases come in rounds, and what is surely
    worse after a round is left out; which, why, and what that risks is said.

    [bold]Examples[/bold]

    $ modellab sweep -d asr_smoke_v1 -m faster_whisper:tiny.en faster_whisper:base --grid asr.beam_size=1,5
    $ modellab sweep -d my_calls -m faster_whisper:tiny.en,faster_whisper:base --pipeline meeting --budget 30m
    """
    from modellab.experiments.budget import seconds_of
    from modellab.experiments.naming import parse_grid, systems_of
    from modellab.experiments.sweeping import Asked
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    lab = Lab.from_environment()
    named = named_models([*(models or []), *(further or [])])
    systems = systems_of(lab, ModelRegistry(), named, pipeline, parse_grid(grid or []))
    asked = Asked(
        datasets,
        [system.key for system in systems],
        seconds_of(budget) if budget else None,
        metric,
        folders or [],
    )
    run(context, lab, asked, as_json=as_json)


def run(context: typer.Context, lab: "Lab", asked: "Asked", *, as_json: bool) -> None:
    """Make a sweep and show it; exit code 1 where something failed or could not be had.

    Raises:
        what `modellab.experiments.sweeping.sweep` raises.
    """
    from modellab.cli.console import print_json, stderr, stdout
    from modellab.cli.sweep_progress import SweepWatching
    from modellab.disk import require_space, require_writable
    from modellab.experiments.documents import sweep_document
    from modellab.experiments.sweeping import sweep as measure

    require_writable(lab.home)
    require_space(lab.home, 0, "a sweep")
    with SweepWatching(stderr()) as watching:
        found = measure(lab, asked, launcher_of(context), watching, check_stopped=signals.check)
    if as_json:
        print_json(sweep_document(found))
    else:
        _print(stdout(), found)
    if found.failed or any(one.bench.enrolment.failed for one in found.datasets):
        raise typer.Exit(1)


def _print(console: "Console", found: "Sweep") -> None:
    from modellab.cli.bench_table import print_bench
    from modellab.experiments.documents import risk_sentences, ruled_out_sentences, unfinished_sentences

    for place, one in enumerate(found.datasets):
        if place:
            console.print()
        print_bench(
            console,
            one.bench,
            [*ruled_out_sentences(one), *risk_sentences(one), *unfinished_sentences(one.fates)],
        )
