"""Which systems a sweep is of: models in a pipeline where one is named, with every value of a grid."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from modellab.errors import UsageError
from modellab.pipeline.system import System, resolve_system
from modellab.pipeline.system_key import parse_key, system_key, text_of
from modellab.registry.registry import ModelRegistry, surface_in
from modellab.settings import Lab

Grid = Mapping[str, Sequence[str]]
"""Slot (`asr`) or parameter (`asr.beam_size`) -> its values."""


def parse_grid(given: Iterable[str]) -> Grid:
    """A grid from texts such as `asr.beam_size=1,5`.

    Raises:
        UsageError: one that is not understood, or a slot that is there twice.
    """
    grid: dict[str, list[str]] = {}
    for text in given:
        slot, separator, values = (part.strip() for part in text.partition("="))
        kept = [value.strip() for value in values.split(",") if value.strip()]
        if not (slot and separator and kept):
            raise UsageError(
                f"--grid {text!r} is not understood",
                allowed="step=model,model or step.parameter=value,value",
                hint="For example --grid asr.beam_size=1,5",
            )
        if slot in grid:
            raise UsageError(f"--grid has {slot} twice", hint=f"Write its values together: {slot}=A,B,C")
        grid[slot] = list(dict.fromkeys(text_of(slot, value) for value in kept))
    return grid


def systems_of(
    lab: Lab, registry: ModelRegistry, models: Sequence[str], pipeline: str | None = None, grid: Grid | None = None
) -> list[System]:
    """Every model with every combination of the grid's values, each system once.

    Args:
        models: models and pipelines; with `pipeline` models alone, of which each takes the slot of what it does. None:
            the pipeline as it is.

    Raises:
        UsageError: nothing is named, or the pipeline has no slot for a model.
        UnknownName, TemplateError: a model, pipeline, slot or value that there is not.
    """
    if not (models or pipeline):
        raise UsageError("a sweep needs a system to measure", hint="Name models or pipelines: --models A B")
    bases = [_within(lab, registry, pipeline, name) for name in models] if pipeline and models else list(models)
    found: dict[str, System] = {}
    for base in bases or [pipeline or ""]:
        name, overrides = parse_key(base)
        if twice := sorted(set(overrides) & set(grid or {})):
            raise UsageError(f"{base} sets {twice[0]} already, and so does --grid", allowed="one of them")
        slots = list(grid or {})
        for values in product(*(grid[slot] for slot in slots)) if grid else [()]:
            key = system_key(name, {**overrides, **dict(zip(slots, values, strict=True))})
            system = resolve_system(key, registry, lab)
            found[system.key] = system
    return list(found.values())


def _within(lab: Lab, registry: ModelRegistry, pipeline: str, model: str) -> str:
    """The key of a pipeline with a model in the slot that it can fill."""
    base, overrides = parse_key(model)
    config, _ = registry.resolve(base)
    surfaces = [surface_in(base)] if surface_in(base) else list(config.surfaces)
    whole = resolve_system(pipeline, registry, lab)
    slots = [step.name for step in whole.steps if step.model and step.definition.model_surface in surfaces]
    if len(slots) != 1:
        raise UsageError(
            f"{pipeline} has {'no slot' if not slots else 'several slots'} for {model}",
            found=", ".join(slots) or f"{config.id} is for {', '.join(config.surfaces)}",
            allowed=f"models for {', '.join(step.name for step in whole.steps if step.model)}",
            hint="Fill a slot by name: --grid step=model,model",
        )
    name, own = parse_key(pipeline)
    return system_key(name, {**own, slots[0]: base, **overrides})
