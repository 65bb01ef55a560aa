"""`modellab models list`."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption
from modellab.cli.model_states import STYLES, document, opened, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modellab.cli.model_states import Opened
    from modellab.registry.config import ModelConfig

_SURFACES_WIDTH = 13
"""Columns for surfaces in a narrow terminal: one long name would take the width from the variants, which are many."""
_NARROW = 90
"""Columns below which a terminal is narrow."""


def list_models(
    *,
    surface: Annotated[
        str | None,
        typer.Option(
            help="Only models with this surface: asr, vad, diarization, ...",
            autocompletion=completion.of_models("surfaces"),
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Only models that support this device: cpu, cuda, mps.", autocompletion=completion.of_models("devices")
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            help="Only models of this runtime: pytorch, ctranslate2, onnx, ...",
            autocompletion=completion.of_models("runtime"),
        ),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            help="Only models that are production, candidate or experimental in this lab.",
            autocompletion=completion.of_models("status"),
        ),
    ] = None,
    ci: Annotated[
        bool | None, typer.Option("--ci/--no-ci", help="Only models that run without hub and token, or only others.")
    ] = None,
    available: Annotated[
        bool, typer.Option("--available", help="Only variants that run on this machine as it is, without a download.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List models, what they do and which variants can run on this machine.

    [bold]Example[/bold]

    $ modellab models list --surface asr
    """
    from rich.text import Text

    from modellab.cli.broken import print_broken
    from modellab.cli.console import print_block, print_json, print_line, stdout, table
    from modellab.names import one_of
    from modellab.promotion.model_status import status_of
    from modellab.registry.config import Device, Runtime, Status
    from modellab.surfaces.names import SURFACES

    for name, value, known in (
        ("surface", surface, SURFACES),
        ("device", device, get_args(Device)),
        ("runtime", runtime, get_args(Runtime)),
        ("status", status, get_args(Status)),
    ):
        if value is not None:
            one_of(name, value, known)
    models = opened()
    registry, decided = models.registry, models.decided
    chosen = map(registry.get, registry.select(surface=surface, device=device, runtime=runtime, ci=ci))
    configs = [config for config in chosen if status in (None, status_of(config, decided))]
    if available:
        configs = [ready for config in configs if (ready := _ready(config, models)) is not None]
    broken = registry.broken()
    if as_json:
        print_json({"models": [document(config, models) for config in configs], "broken": broken})
        return
    rows = table("Model", "Surfaces", "Status", "Variants (✓ runs here)")
    room = _SURFACES_WIDTH if stdout().width < _NARROW else max(map(len, SURFACES))
    rows.columns[1].max_width = room
    variants: list[Text] = []
    for config in configs:
        state = status_of(config, decided)
        variants.append(_variants(config, models))
        rows.add_row(config.id, _surfaces(config, room), state, variants[-1])
    if configs:
        print_block(stdout(), rows)
        for note in _notes(configs, models):
            print_line(stdout(), Text(note, style="dim"))
        if any("↓" in shown.plain for shown in variants):
            print_line(stdout(), Text("Those marked ↓ run here after a download.", style="dim"))
        if not available:
            print_line(stdout(), Text("What to do about those marked ✗: modellab models show MODEL", style="dim"))
    else:
        print_line(stdout(), Text("No model matches.", style="dim"))
    print_broken(broken)


def _notes(configs: "Sequence[ModelConfig]", models: "Opened") -> "Iterator[str]":
    """What is said below the list."""
    others: dict[str, list[str]] = {}
    for config in configs:
        if not (place := models.registry.place(config.id)).ours:
            others.setdefault(place.said, []).append(config.id)
    yield from (f"From {said}: {', '.join(names)}" for said, names in others.items())
    if ours := [config.id for config in configs if config.id in models.decided]:
        yield f"Status as decided in this lab: {', '.join(ours)}"
    if offline := models.lab.settings.offline_by:
        yield f"The hub is not asked for weights: {offline} is set."
    if services := [config.id for config in configs if config.service]:
        yield f"Services, sent audio: {', '.join(services)}"


def _ready(config: "ModelConfig", models: "Opened") -> "ModelConfig | None":
    """A model with those of its variants that run here without a download; None where none does."""
    ready = {name: one for name, one in config.variants.items() if models.availability(config, name).ready}
    return config.model_copy(update={"variants": ready}) if ready else None


def _surfaces(config: "ModelConfig", room: int) -> str:
    """A model's surfaces; a name that is longer than the room goes on below, behind its last underscore."""
    return ", ".join("_\n".join(name.rsplit("_", 1)) if len(name) > room else name for name in config.surfaces)


def _variants(config: "ModelConfig", models: "Opened") -> Any:
    from rich.text import Text

    alike: dict[str, list[str]] = {}
    for name in config.variants:
        alike.setdefault(state_of(models.availability(config, name)), []).append(name)
    lines = []
    for state, names in alike.items():
        mark, _, words = state.partition(" ")
        listed = ", ".join(names) + (f" ({words})" if words else "")
        lines.append(Text.assemble((mark, STYLES[mark]), " ", listed))
    return Text("\n").join(lines)
