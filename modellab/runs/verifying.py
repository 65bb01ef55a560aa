"""Examining models that can run here, with a record of what came of each."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from modellab.conformance.examination import Answer, Examination, examine
from modellab.registry.config import ModelRef
from modellab.registry.machine import known_machine, this_machine
from modellab.registry.models import Models
from modellab.registry.random_weights import RandomRegistry, has_random_weights, random_lab
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.warehouse.recorder import Recorder


def verifiable(lab: Lab, registry: ModelRegistry, names: Sequence[str]) -> list[ModelRef]:
    """The models meant by names, each once: `ID:VARIANT`, `ID` for its default; without names all variants whose
    weights are on this machine and that can run here. A service is asked only where it is named: it costs money.

    Raises:
        UnknownName: there is no such model or variant.
    """
    if names:
        return list(dict.fromkeys(registry.resolve(name)[1] for name in names))
    with Models(lab, registry) as models:
        every = [
            ModelRef(id=config.id, variant=variant)
            for config in map(registry.get, registry.select())
            for variant, described in config.variants.items()
            if described.given is None and config.service is None
        ]
        found = [(ref, models.availability(ref)) for ref in every]
    return [ref for ref, available in found if available.ready]


def triable(lab: Lab, registry: ModelRegistry, names: Sequence[str]) -> list[ModelRef]:
    """The models meant by names, as `verifiable` has it, to be tried with random weights; without names the default
    variant of each that can write some and for which this machine has all that it needs beside weights.

    Raises:
        UnknownName: there is no such model or variant.
    """
    if names:
        return verifiable(lab, registry, names)
    with Models(lab, registry) as models:
        every = [registry.resolve(name)[1] for name in has_random_weights(registry)]
        return [ref for ref in every if models.able(ref)]


def try_random(lab: Lab, registry: ModelRegistry, ref: ModelRef, told: Callable[[Answer], None]) -> Examination:
    """Examine what a model's loader and adapter make of random weights in its real format, and record that.

    It is asked for what it promises, and not for what only good weights can give.

    Raises:
        LabError: it has no random weights, or can't be loaded with them; nothing is recorded.
    """
    with random_lab(lab, registry, ref) as (tried, there):
        return _verify(tried, RandomRegistry(places=registry.places), there, told, random=True)


def verify(lab: Lab, registry: ModelRegistry, ref: ModelRef, told: Callable[[Answer], None]) -> Examination:
    """Examine one model, alone in memory, and record what came of it.

    Raises:
        LabError: it can't be loaded (`modellab.registry.models.Models.lease`); nothing is recorded.
    """
    return _verify(lab, registry, ref, told, random=False)


def _verify(
    lab: Lab, registry: ModelRegistry, ref: ModelRef, told: Callable[[Answer], None], *, random: bool
) -> Examination:
    with Models(lab, registry) as models:
        identity = models.identity(ref)
        found = examine(models, ref, told, quality=not random)
    facts, recorder = found.loaded.facts, Recorder(lab)
    machine = facts.machine or this_machine().id
    recorder.host(known_machine(machine))
    recorder.verification(
        {
            "model": found.model,
            "random_weights": random,
            "passed": found.passed,
            "answers": [asdict(answer) for answer in found.answers],
            "weights_sha256": identity.weights_sha256,
            "runtime": identity.runtime,
            "runtime_version": identity.runtime_version,
            "adapter_version": registry.get(ref.id).adapter_version,
            "device": facts.device,
            "compute_type": facts.compute_type,
            "threads": facts.threads,
            "machine": machine,
            "load_s": found.loaded.load_s,
            "audio_s": found.audio_s,
            "inference_s": found.inference_s,
            "peak_mib": found.peak_mib,
        }
    )
    return found
