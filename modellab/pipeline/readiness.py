"""What each step of a system would run with on this machine, and what is missing for it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from modellab.pipeline.system import System, SystemStep
from modellab.registry.config import ModelRef
from modellab.registry.models import Models


@dataclass(frozen=True, slots=True)
class ModelReadiness:
    """How a model would run here; of a step without a model of its own everything is None."""

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


@dataclass(frozen=True, slots=True)
class HelperReadiness(ModelReadiness):
    """How a helper model would run here."""

    model: str = ""
    """`id:variant`."""


@dataclass(frozen=True, slots=True)
class Readiness(ModelReadiness):
    """How a step's own model would run here, and its helpers. What one of them lacks, the step lacks."""

    helpers: Mapping[str, HelperReadiness] = field(default_factory=dict)
    """Role -> helper model."""


def readiness(system: System, models: Models) -> dict[str, Readiness]:
    """Step -> how it would run. Loads, imports and downloads nothing of the models."""
    return {step.name: _of_step(step, models) for step in system.steps}


def _of_step(step: SystemStep, models: Models) -> Readiness:
    own = _of_model(step.model, models) if step.model else ModelReadiness()
    helpers = {
        role: HelperReadiness(model=str(ref), **asdict(_of_model(ref, models))) for role, ref in step.helpers.items()
    }
    missing = [one.missing for one in (own, *helpers.values()) if one.missing]
    return Readiness(**{**asdict(own), "missing": " ".join(missing) or None}, helpers=helpers)


def _of_model(ref: ModelRef, models: Models) -> ModelReadiness:
    config = models.registry.get(ref.id)
    available = models.availability(ref)
    compute_type = next((value for kind, value in config.compute_types.items() if kind == available.device), None)
    return ModelReadiness(
        runtime=config.runtime,
        device=available.device,
        compute_type=compute_type,
        weights=available.weights,
        to_download=available.to_download,
        missing=available.reason or None,
    )
