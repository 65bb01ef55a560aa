"""`modellab models`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, get_args
from urllib.parse import urlsplit

import typer

from modellab.cli import completion, environments, fetch, model_status, model_table, onboard, verify
from modellab.cli.console import JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modellab.promotion.model_status import StatusDecision
    from modellab.registry.config import ModelConfig
    from modellab.registry.environments import Environment
    from modellab.registry.models import Availability, Models
    from modellab.registry.registry import ModelRegistry

app = typer.Typer(name="models", help="The models there are, and whether they run here.", no_args_is_help=True)
app.command(no_args_is_help=True)(environments.install)
app.command()(verify.verify)
app.command(no_args_is_help=True)(fetch.fetch)
app.command(no_args_is_help=True)(model_status.status)
app.command()(model_table.table)
app.command(no_args_is_help=True)(onboard.onboard)
_SURFACES_WIDTH = 13
"""Columns for surfaces in a narrow terminal: one long name would take the width from the variants, which are many."""
_NARROW = 90
"""Columns below which a terminal is narrow."""
_STYLES = {"✓": "green", "↓": "yellow", "✗": "red"}


@app.command("list")
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
    from modellab.surfaces.contracts import SURFACES

    for name, value, known in (
        ("surface", surface, SURFACES),
        ("device", device, get_args(Device)),
        ("runtime", runtime, get_args(Runtime)),
        ("status", status, get_args(Status)),
    ):
        if value is not None:
            one_of(name, value, known)
    registry, models = _registry_and_models()
    decided = _decided()
    chosen = map(registry.get, registry.select(surface=surface, device=device, runtime=runtime, ci=ci))
    configs = [config for config in chosen if status in (None, status_of(config, decided))]
    if available:
        configs = [ready for config in configs if (ready := _ready(config, models)) is not None]
    broken = registry.broken()
    if as_json:
        print_json({"models": [_document(config, models, decided) for config in configs], "broken": broken})
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
        for note in _notes(configs, registry, models, decided):
            print_line(stdout(), Text(note, style="dim"))
        if any("↓" in shown.plain for shown in variants):
            print_line(stdout(), Text("Those marked ↓ run here after a download.", style="dim"))
        if not available:
            print_line(stdout(), Text("What to do about those marked ✗: modellab models show MODEL", style="dim"))
    else:
        print_line(stdout(), Text("No model matches.", style="dim"))
    print_broken(broken)


def _notes(
    configs: "Sequence[ModelConfig]", registry: "ModelRegistry", models: "Models", decided: "Mapping[str, Any]"
) -> "Iterator[str]":
    """What is said below the list."""
    others: dict[str, list[str]] = {}
    for config in configs:
        if not (place := registry.place(config.id)).ours:
            others.setdefault(place.said, []).append(config.id)
    yield from (f"From {said}: {', '.join(names)}" for said, names in others.items())
    if ours := [config.id for config in configs if config.id in decided]:
        yield f"Status as decided in this lab: {', '.join(ours)}"
    if offline := models.offline_by:
        yield f"The hub is not asked for weights: {offline} is set."
    if services := [config.id for config in configs if config.service]:
        yield f"Services, sent audio: {', '.join(services)}"


@app.command()
def show(
    model: Annotated[
        str, typer.Argument(help="Model: its id, such as faster_whisper.", autocompletion=completion.model_ids)
    ],
    as_json: JsonOption = False,
) -> None:
    """Show one model: what it is, its variants and where their weights are, and what its makers claim.

    [bold]Example[/bold]

    $ modellab models show faster_whisper
    """
    from rich.text import Text

    from modellab.cli.broken import print_broken
    from modellab.cli.console import of_lines, print_block, print_json, print_line, stdout, table, together
    from modellab.registry.claims import CLAIMS, load_claims

    registry, models = _registry_and_models()
    config, _ = registry.resolve(model)
    broken = [one for one in registry.broken() if one.model == config.id]
    stated = (registry.folder(config.id) / CLAIMS).exists() and not broken
    claims = load_claims(registry.folder(config.id)) if stated else []
    installed, decided = models.installed_environment(config), _decided()
    if as_json:
        print_json(
            {**_document(config, models, decided), "installed": _held(installed), "claims": claims, "broken": broken}
        )
        return
    console = stdout()
    print_line(console, Text.assemble((config.name, "bold"), "   ", (config.id, "dim")))
    print_line(console, config.description)
    console.print()
    facts = table("", "")
    facts.show_header = False
    status = ("status", _status(config, decided.get(config.id)))
    for name, value in [("from", registry.place(config.id).said), status, *_facts(config, installed, models)]:
        facts.add_row(Text(name, style="bold"), value)
    print_block(console, facts)
    console.print()
    variants = table("Variant", "Runs here", "Weights", "MiB", "Description", right=("MiB",))
    for name, variant in config.variants.items():
        availability = _availability(config, name, models)
        variants.add_row(
            f"{name} (default)" if name == config.default_variant else name,
            _runs(availability),
            availability.weights,
            f"{variant.size_mib:,.0f}" if variant.size_mib else "",
            variant.description,
        )
    print_block(console, variants)
    for page in together([page for name in config.variants if (page := _availability(config, name, models).page)]):
        console.print()
        print_block(console, of_lines(page, "yellow"))
    if claims:
        console.print()
        told = table("Claim", "Value", "Dataset", "Protocol", "Source", right=("Value",))
        for claim in claims:
            told.add_row(claim.metric, f"{claim.value:g} {claim.unit}", claim.dataset, claim.protocol, claim.source)
        print_block(console, told)
    print_broken(broken)


@app.command(no_args_is_help=True)
def serve(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Models: ID or ID:VARIANT.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 for one that is free.")],
    host: Annotated[
        str, typer.Option(help="Address of this machine to listen at; where other machines reach it, it takes a token.")
    ] = "127.0.0.1",
) -> None:
    """Serve models to labs elsewhere, which call them as if they ran there, until Ctrl-C or SIGTERM.

    A lab uses them with MODELLAB_REMOTE_MODELS=ID=HOST:PORT, and may if it has the same MODELLAB_SERVE_TOKEN.
    Nothing is encrypted: let the network be one that you trust, or use a tunnel (ssh -L).

    [bold]Example[/bold]

    $ modellab models serve faster_whisper:tiny.en silero_vad --port 8150
    """
    from modellab.registry.hosts.server import serving
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    with serving(Lab.from_environment(), ModelRegistry(), names, host, port) as server:
        typer.echo(f"Serving {', '.join(server.names)} at {server.address}. Ctrl-C stops it.")
        ids = dict.fromkeys(name.partition(":")[0] for name in server.names)
        used = ",".join(f"{model_id}={server.address}" for model_id in ids)
        typer.echo(f"Where they are used: MODELLAB_REMOTE_MODELS={used}")
        sys.stdout.flush()
        try:
            server.serve()
        except KeyboardInterrupt:
            typer.echo("Stopped.")


def _registry_and_models() -> tuple["ModelRegistry", "Models"]:
    from modellab.registry.models import Models
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    registry = ModelRegistry()
    return registry, Models(Lab.from_environment(), registry)


def _decided() -> "Mapping[str, StatusDecision]":
    from modellab.promotion.model_status import decisions
    from modellab.settings import Lab

    return decisions(Lab.from_environment())


def _status(config: "ModelConfig", decided: "StatusDecision | None") -> str:
    """What a model is in this lab, and who says so."""
    if decided is None:
        return config.status
    who = f" by {decided.decided_by}" if decided.decided_by else ""
    return f"{decided.status}, decided here on {decided.at[:10]}{who}: {decided.reason} (its config: {config.status})"


def _availability(config: "ModelConfig", variant: str, models: "Models") -> "Availability":
    from modellab.registry.config import ModelRef

    return models.availability(ModelRef(id=config.id, variant=variant))


def _ready(config: "ModelConfig", models: "Models") -> "ModelConfig | None":
    """A model with those of its variants that run here without a download; None where none does."""
    ready = {name: one for name, one in config.variants.items() if _availability(config, name, models).ready}
    return config.model_copy(update={"variants": ready}) if ready else None


def _surfaces(config: "ModelConfig", room: int) -> str:
    """A model's surfaces; a name that is longer than the room goes on below, behind its last underscore."""
    return ", ".join("_\n".join(name.rsplit("_", 1)) if len(name) > room else name for name in config.surfaces)


def _variants(config: "ModelConfig", models: "Models") -> Any:
    from rich.text import Text

    alike: dict[str, list[str]] = {}
    for name in config.variants:
        alike.setdefault(_state(_availability(config, name, models)), []).append(name)
    lines = []
    for state, names in alike.items():
        mark, _, words = state.partition(" ")
        listed = ", ".join(names) + (f" ({words})" if words else "")
        lines.append(Text.assemble((mark, _STYLES[mark]), " ", listed))
    return Text("\n").join(lines)


def _state(available: "Availability") -> str:
    """A mark, and in words what the mark leaves out."""
    if not available.ok:
        return f"✗ {available.missing}"
    if available.server:
        return f"✓ on {available.server}"
    if available.service:
        return f"✓ at {urlsplit(available.service).netloc}"
    return "↓ after a download" if available.to_download else "✓"


def _runs(available: "Availability") -> Any:
    from rich.text import Text

    mark, _, words = _state(available).partition(" ")
    return Text.assemble((mark, _STYLES[mark]), f" {words}" if words else "")


def _held(installed: "Environment | None") -> dict[str, Any] | None:
    """A model's own environment as JSON; None where it has none, or none that is usable."""
    if installed is None:
        return None
    return {"path": installed.folder, "built_at": installed.built_at, "packages": installed.versions()}


def _facts(config: "ModelConfig", installed: "Environment | None", models: "Models") -> list[tuple[str, str]]:
    environment: list[tuple[str, str]] = []
    if config.environment == "own":
        packages = (config.package, *config.further_packages)
        held = installed and ", ".join(f"{name} {installed.version(name)}" for name in packages if installed.has(name))
        python = f" (Python {config.python})" if config.python else ""
        environment = [
            (
                "environment",
                f"its own{python}: {held}, in {installed.folder}" if installed else f"its own{python}, not installed",
            )
        ]
    return [
        *(
            [("also called", ", ".join(f"{name} ({of})" for name, of in config.aliases.items()))]
            if config.aliases
            else []
        ),
        ("surfaces", ", ".join(config.surfaces)),
        ("runtime", f"{config.runtime} ({config.package})"),
        *environment,
        *_service_facts(config, models),
        ("devices", ", ".join(f"{device} ({config.compute_types[device]})" for device in config.devices)),
        ("languages", "any" if config.languages == ["*"] else ", ".join(config.languages)),
        *([("sample rate", rates)] if (rates := _rates(config)) else []),
        ("licence", config.licence),
        *([("of the weights", config.weights_licence)] if config.weights_licence else []),
        *([("access", config.access)] if config.access else []),
    ]


def _service_facts(config: "ModelConfig", models: "Models") -> list[tuple[str, str]]:
    if config.service is None:
        return []
    found = _availability(config, config.default_variant, models)
    prices = models.prices()
    known = [
        f"{name}: {price.per_minute:g} {price.currency} a minute ({price.source}, {price.as_of})"
        for name in config.variants
        if (price := prices.get(f"{config.id}:{name}"))
    ]
    return [
        ("service", found.service or config.service.url),
        ("! privacy", f"{found.leaves} Its terms: {config.service.terms}"),
        ("key", f"{config.service.key_variable}, in the environment or in .env"),
        ("price", "; ".join(known) or f"not known: {models.prices_file} has none, so no cost is stated"),
    ]


def _rates(config: "ModelConfig") -> str:
    """What audio its surfaces take; where that differs, each surface's."""
    rates = {surface: f"{rate_hz:,} Hz" for surface, rate_hz in config.rates_hz.items() if rate_hz}
    if len(set(rates.values())) > 1:
        return ", ".join(f"{surface} {rate}" for surface, rate in rates.items())
    return next(iter(rates.values()), "")


def _document(config: "ModelConfig", models: "Models", decided: "Mapping[str, StatusDecision]") -> dict[str, Any]:
    """A model as JSON: its config, where it comes from, what was decided here, and of each variant whether it runs."""
    registry = models.registry
    whence: dict[str, Any] = {"from": registry.place(config.id).origin, "folder": registry.folder(config.id)}
    whence["status_here"] = decided.get(config.id)
    document = {**config.model_dump(mode="json"), **whence}
    for name, variant in document["variants"].items():
        variant["availability"] = _availability(config, name, models)
    return document
