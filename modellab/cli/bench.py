"""`modellab bench`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion, signals
from modellab.cli.console import JsonOption
from modellab.cli.launching import launcher_of
from modellab.cli.run import ForceOption

if TYPE_CHECKING:
    from modellab.runs.bench import Bench


FurtherModels = Annotated[
    list[str] | None,
    typer.Argument(metavar="MODEL", help="Further models or pipelines.", autocompletion=completion.pipelines),
]
"""What follows `--models A` without a comma: an option takes one value, and people write several."""


def named_models(given: Iterable[str]) -> list[str]:
    """Models and pipelines by name; several may stand in one text, with commas between."""
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


def bench(
    context: typer.Context,
    further: FurtherModels = None,
    *,
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="What to measure on.", autocompletion=completion.datasets)
    ],
    models: Annotated[
        list[str],
        typer.Option(
            "--models",
            "-m",
            help="Models or pipelines to measure: A B C, or A,B,C, or the option again.",
            autocompletion=completion.pipelines,
        ),
    ],
    folders: Annotated[
        list[str] | None,
        typer.Option("--folder", metavar="NAME=PATH", help="Where a folder is that the dataset names. Repeatable."),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure models or pipelines on a dataset, and say which is better and how sure that is.

    Only what has no result yet is run. A difference counts when chance would hardly make it: verdicts are better, worse
    or not separable, with the 95 % interval of the difference.

    [bold]Examples[/bold]

    $ modellab bench --dataset asr_smoke_v1 --models faster_whisper:tiny.en faster_whisper:base
    $ modellab bench -d diar_smoke_v1 -m pyannote_diarization -m heuristic_diarization --json
    """
    from modellab.cli.bench_progress import watcher
    from modellab.cli.bench_table import print_bench
    from modellab.cli.console import print_json, stderr, stdout
    from modellab.disk import require_space, require_writable
    from modellab.runs.bench import bench as measure
    from modellab.settings import Lab

    lab = Lab.from_environment()
    require_writable(lab.home)
    require_space(lab.home, 0, "a bench")
    systems = named_models([*models, *(further or [])])
    with watcher(stderr()) as watching:
        found: Bench = measure(
            lab,
            dataset,
            systems,
            launcher_of(context),
            watching,
            folders=folders or [],
            force=force,
            check_stopped=signals.check,
        )
    if as_json:
        print_json(found.document())
    else:
        print_bench(stdout(), found)
    if found.failed or found.enrolment.failed:
        raise typer.Exit(1)
