"""`modellab models show`: one model, all of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import completion
from modellab.cli.console import JsonOption
from modellab.cli.model_states import STYLES, document, opened, state_of

if TYPE_CHECKING:
    from modellab.cli.model_states import Opened
    from modellab.promotion.model_status import StatusDecision
    from modellab.registry.availability import Availability
    from modellab.registry.config import ModelConfig
    from modellab.registry.environments import Environment


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

    models = opened()
    registry = models.registry
    config, ref = registry.resolve(model)
    broken = [one for one in registry.broken() if one.model == config.id]
    stated = (registry.folder(config.id) / CLAIMS).exists() and not broken
    claims = load_claims(registry.folder(config.id)) if stated else []
    installed = models.here.installed_environment(config)
    if as_json:
        print_json({**document(config, models), "installed": _held(installed), "claims": claims, "broken": broken})
        return
    console = stdout()
    print_line(console, Text.assemble((config.name, "bold"), "   ", (config.id, "dim")))
    print_line(console, config.description)
    console.print()
    facts = table("", "")
    facts.show_header = False
    status = ("status", _status(config, models.decided.get(config.id)))
    for name, value in [("from", registry.place(config.id).said), status, *_facts(config, installed, models)]:
        facts.add_row(Text(name, style="bold"), value)
    print_block(console, facts)
    console.print()
    variants = table("Variant", "Runs here", "Weights", "MiB", "Description", right=("MiB",))
    for name, variant in config.variants.items():
        availability = models.availability(config, name)
        variants.add_row(
            f"{name} (default)" if name == config.default_variant else name,
            _runs(availability),
            availability.weights,
            f"{variant.size_mib:,.0f}" if variant.size_mib else "",
            variant.description,
        )
    print_block(console, variants)
    pages = [page for name in config.variants if (page := models.availability(config, name).page)]
    for page in together(pages):
        console.print()
        print_block(console, of_lines(page, "yellow"))
    if pages and (instead := models.here.instead(ref)) not in "\n".join(pages):
        console.print()
        print_block(console, of_lines(f"→ {instead}", "yellow"))
    if claims:
        console.print()
        told = table("Claim", "Value", "Dataset", "Protocol", "Source", right=("Value",))
        for claim in claims:
            told.add_row(claim.metric, f"{claim.value:g} {claim.unit}", claim.dataset, claim.protocol, claim.source)
        print_block(console, told)
    print_broken(broken)


def _status(config: "ModelConfig", decided: "StatusDecision | None") -> str:
    """What a model is in this lab, and who says so."""
    if decided is None:
        return config.status
    who = f" by {decided.decided_by}" if decided.decided_by else ""
    return f"{decided.status}, decided here on {decided.at[:10]}{who}: {decided.reason} (its config: {config.status})"


def _runs(available: "Availability") -> Any:
    from rich.text import Text

    mark, _, words = state_of(available).partition(" ")
    return Text.assemble((mark, STYLES[mark]), f" {words}" if words else "")


def _held(installed: "Environment | None") -> dict[str, Any] | None:
    """A model's own environment as JSON; None where it has none, or none that is usable."""
    if installed is None:
        return None
    return {"path": installed.folder, "built_at": installed.built_at, "packages": installed.versions()}


def _facts(config: "ModelConfig", installed: "Environment | None", models: "Opened") -> list[tuple[str, str]]:
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


def _service_facts(config: "ModelConfig", models: "Opened") -> list[tuple[str, str]]:
    if config.service is None:
        return []
    from modellab.services.prices import read_prices

    found = models.availability(config, config.default_variant)
    prices = read_prices(models.lab.prices)
    known = [
        f"{name}: {price.per_minute:g} {price.currency} a minute ({price.source}, {price.as_of})"
        for name in config.variants
        if (price := prices.get(f"{config.id}:{name}"))
    ]
    return [
        ("service", found.service or config.service.url),
        ("! privacy", f"{found.leaves} Its terms: {config.service.terms}"),
        ("key", f"{config.service.key_variable}, in the environment or in .env"),
        ("price", "; ".join(known) or f"not known: {models.lab.prices} has none, so no cost is stated"),
    ]


def _rates(config: "ModelConfig") -> str:
    """What audio its surfaces take; where that differs, each surface's."""
    rates = {surface: f"{rate_hz:,} Hz" for surface, rate_hz in config.rates_hz.items() if rate_hz}
    if len(set(rates.values())) > 1:
        return ", ".join(f"{surface} {rate}" for surface, rate in rates.items())
    return next(iter(rates.values()), "")
