"""`modellab runs kill`."""

from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption
from modellab.cli.launching import stopper_of

if TYPE_CHECKING:
    from modellab.runs.stopping import StoppedRun


def kill(
    context: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="As in runs show; of one that waits in the queue, its Dagster run id or its file's name.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Stop runs within seconds, whoever started them, also in the middle of a model's work.

    What was finished is kept, and the record says who stopped the run. All that runs in the same process stops with
    it: the other recordings of the same command, or the rest of a bench.

    [bold]Examples[/bold]

    $ modellab runs kill latest
    $ modellab runs kill 3f9c meeting.m4a --json
    """
    from modellab.cli.asking import lab_to_ask
    from modellab.cli.console import print_json, print_line, stdout
    from modellab.runs.stopping import stop_runs
    from modellab.warehouse.builder import build_unless_another_does

    lab = lab_to_ask()
    stopped = stop_runs(lab, stopper_of(context)(lab), runs)
    build_unless_another_does(lab)  # so that the next question finds them ended
    if as_json:
        print_json({"stopped": stopped})
        return
    for one in stopped:
        print_line(stdout(), _line(one))


def _line(one: "StoppedRun") -> str:
    if one.status != "canceled":
        return f"{one.dagster_run_id} had ended by itself before: {one.status}"
    how = "; it did not listen, and its process was killed" if one.killed else ""
    return f"{one.dagster_run_id} was {one.was} and is {one.said}{how}"
