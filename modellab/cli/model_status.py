"""`modellab models status`."""

from typing import Annotated

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption


def status(
    model: Annotated[
        str, typer.Argument(help="Model: its id, such as faster_whisper.", autocompletion=completion.model_ids)
    ],
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="production|candidate|experimental",
            help="What it is in this lab from now on.",
            autocompletion=completion.of_models("status"),
        ),
    ],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the decision.")],
    as_json: JsonOption = False,
) -> None:
    """Say what a model is in this lab: production, candidate or experimental.

    The decision is kept with who took it, when and why (table lifecycle_events), and the last one counts. The model's
    config.yaml keeps what it says.

    [bold]Example[/bold]

    $ modellab models status piper production --reason "quickest voice that every listener understood"
    """
    from modellab.cli.console import marked, print_json, print_line, stdout
    from modellab.promotion.model_status import decide
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab
    from modellab.warehouse.builder import build

    lab = Lab.from_environment()
    made = decide(lab, ModelRegistry(), model, wanted, reason)
    build(lab)
    if as_json:
        print_json(made)
    else:
        said = f"{made.model} is {made.status} in this lab; it was {made.before}"
        print_line(stdout(), marked("✓", "green", said))
