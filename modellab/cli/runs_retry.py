"""`modellab runs retry`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion, signals
from modellab.cli.console import JsonOption
from modellab.cli.launching import launcher_of

if TYPE_CHECKING:
    from modellab.runs.outcome import FileOutcome


def retry(
    context: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="As in runs show; a Dagster run id stands for all recordings that it was for.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ],
    *,
    failed_only: Annotated[
        bool,
        typer.Option(
            "--failed-only/--all",
            help="Compute only what failed, was stopped or was not run; or everything anew.",
        ),
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Try runs again that failed or were stopped. They stay as they are: each new one says which it follows.

    [bold]Examples[/bold]

    $ modellab runs retry latest
    $ modellab runs retry 3f9c --all
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, stderr
    from modellab.cli.live import watcher
    from modellab.cli.run import print_outcomes
    from modellab.disk import require_space, require_writable
    from modellab.errors import Interrupted
    from modellab.media.folders import LeftOut
    from modellab.pipeline.system import resolve_system
    from modellab.registry.registry import ModelRegistry
    from modellab.runs.batch import Batch
    from modellab.runs.outcome import document
    from modellab.runs.retrying import retries

    lab, start = lab_to_ask(), launcher_of(context)
    planned = retries(lab, runs, failed_only=failed_only)
    require_writable(lab.home)
    require_space(lab.home, 0, "a run")
    registry, stopped = ModelRegistry(), False
    outcomes: list[FileOutcome] = []
    systems = [resolve_system(one.system, registry, lab) for one in planned]
    for one, system in zip(planned, systems, strict=True):
        batch = Batch(lab, system, start, force=not failed_only, retry_of=one.of, check_stopped=signals.check)
        try:
            with watcher(stderr(), system) as watching:
                batch.run([Path(key) for key in one.inputs], watching)
        except KeyboardInterrupt:
            stopped = True
        outcomes += batch.outcomes
        if stopped:
            break
    if as_json and not stopped:
        print_json(document(outcomes, LeftOut(), lab))
    elif not as_json and outcomes:
        print_outcomes(outcomes, lab)
    if stopped:
        raise Interrupted(document(outcomes, LeftOut(), lab))
    if any(outcome.status != "completed" for outcome in outcomes):
        raise typer.Exit(1)
