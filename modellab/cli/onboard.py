"""`modellab models onboard`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import completion

if TYPE_CHECKING:
    from modellab.registry.registry import ModelRegistry


def onboard(
    model: Annotated[str, typer.Argument(metavar="ID", help="Id of the new model, such as energy_vad.")],
    *,
    surface: Annotated[
        str | None,
        typer.Option(help="What it does: asr, vad, tts, ...", autocompletion=completion.of_models("surfaces")),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="FOLDER",
            help="Folder of models; left out: the first of MODELLAB_MODELS, or else the checkout's.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: examine what is there, as without --surface.")
    ] = False,
) -> None:
    """Begin a model's folder with --surface; without it, examine what has been written since.

    The folder has a config, claims, a README, a test, and an adapter with the methods of the surface's contract. It
    pretends nothing: until the adapter is written, whoever uses the model is told so. Then the same command without
    --surface names what is still to be filled in, checks the config, and asks the model what its surface promises.
    Exit code 1 where anything is missing or wrong.

    [bold]Examples[/bold]

    $ modellab models onboard energy_vad --surface vad --into ~/models
    $ modellab models onboard energy_vad
    """
    from modellab.cli.console import marked, print_line, stdout
    from modellab.registry.registry import ModelRegistry
    from modellab.runs.onboarding import outside_of, place_for, scaffold
    from modellab.settings import Lab

    lab, registry = Lab.from_environment(), ModelRegistry()
    if surface is None or check:
        raise typer.Exit(_examined(registry, model))
    place = place_for(lab, into)
    for path in scaffold(registry, place, model, surface):
        print_line(stdout(), marked("✓", "green", str(path)))
    if make_known := outside_of(registry, place):
        print_line(stdout(), f"So that it is found: {make_known}")
    print_line(stdout(), f"Write its config.yaml and adapter.py, then: modellab models onboard {model}")


def _examined(registry: "ModelRegistry", model: str) -> int:
    from modellab.cli.console import marked, print_line, stdout
    from modellab.cli.verify import verify
    from modellab.registry.claims import CLAIMS, load_claims
    from modellab.runs.onboarding import unwritten

    config, ref = registry.resolve(model)
    folder = registry.folder(config.id)
    missing = unwritten(folder)
    if (folder / CLAIMS).exists():
        load_claims(folder)
    for one in missing:
        print_line(stdout(), marked("✗", "red", f"still to be filled in: {folder.name}/{one}"))
    if missing:
        return 1
    print_line(stdout(), marked("✓", "green", f"{folder / 'config.yaml'} is valid"))
    verify([str(ref)])
    return 0
