"""What each step of a system would run with on this machine, and what is missing for it."""

from dataclasses import dataclass

from modellab.pipeline.system import System, SystemStep
from modellab.registry.models import Models


@dataclass(frozen=True, slots=True)
class Readiness:
    """How a step's model would run here; of a step without a model everything is None."""

    runtime: str | None = None
    device: str | None = None
    """Kind of device; None when there is none for it."""
    compute_type: str | None = None
    weights: str | None = None
    """Where they lie, or would come from."""
    to_download: bool = False
    """Whether the weights are not on this machine: it runs only where the hub can be reached."""
    missing: str | None = None
    """Why it can't run here; None when it can."""


def readiness(system: System, models: Models) -> dict[str, Readiness]:
    """Step -> how it would run. Loads, imports and downloads nothing of the models."""
    return {step.name: _of_step(step, models) for step in system.steps}


def _of_step(step: SystemStep, models: Models) -> Readiness:
    if step.model is None:
        return Readiness()
    config = models.registry.get(step.model.id)
    available = models.availability(step.model)
    compute_type = next((value for kind, value in config.compute_types.items() if kind == available.device), None)
    return Readiness(
        runtime=config.runtime,
        device=available.device,
        compute_type=compute_type,
        weights=available.weights,
        to_download=available.to_download,
        missing=available.reason or None,
    )
