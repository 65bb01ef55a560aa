"""What an adapter is asked for, and what it gives: a model in memory, and how it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from modellab.errors import ModelUnavailable
from modellab.registry.config import ModelConfig, ModelRef, Variant
from modellab.services.access import ServiceAccess


@dataclass(frozen=True, slots=True)
class ExecutionFacts:
    """How a model runs, for the warehouse."""

    device: str
    """Kind of device: cpu, cuda or mps; service: none of this machine's."""
    compute_type: str
    threads: int
    batch_size: int | None = None
    machine: str | None = None
    """Id of the machine it ran on, where that was another one: a server."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """Everything an adapter's `load` needs. It loads exactly this or raises; it never falls back to something else."""

    config: ModelConfig
    ref: ModelRef
    variant: Variant
    weights: Path | None
    """Folder that holds the variant's files under the names its config gives; None for a model without weights."""
    facts: ExecutionFacts
    service: ServiceAccess | None = None
    """How to reach it, of a model that is a service."""


@dataclass(frozen=True, slots=True)
class Eviction:
    """A model that was let go from memory, because of another that was wanted or of what became of it."""

    model: str
    """`id:variant`."""
    why: Literal["budget", "ended", "other weights"]
    """`budget`: it was the one used longest ago when another needed room. `ended`: its process or server was gone.
    `other weights`: others lie in its folder now."""
    device: str
    """Kind of device that it ran on."""
    memory_mib: int
    """Rough memory that it held on this machine; 0 of one on a server."""
    wanted: str
    """Model for which it went, `id:variant`; itself where it had to be loaded anew."""
    wanted_mib: int
    """Rough memory that the wanted one needs."""
    held_mib: int
    """Of all models that were in memory before it went."""
    budget_mib: float
    """What all together may hold."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready for use. `model` satisfies the contracts of its surfaces."""

    model: Any
    load_s: float
    """Seconds that loading it took, told to whoever has it first; 0 when the model was in memory already."""
    facts: ExecutionFacts
    sample_rate_hz: int
    """Rate of the audio the model takes; 0 for a model of texts."""
    ahead_s: float = 0.0
    """How many of those seconds were over before this acquisition began: it was loaded ahead."""
    begin_inference: Callable[[], bool] = field(default=lambda: False, compare=False)
    """Called when an inference begins: says whether it is the first since the model was loaded, which is slower."""
    is_service: bool = False
    """Whether it is one elsewhere: what it is asked leaves this machine, and may cost money."""


def load_with(adapter: ModuleType, request: LoadRequest) -> Any:
    """Load a model into this process.

    Raises:
        ModelUnavailable: what the adapter gives does not offer what the model's surfaces ask for.
        Exception: whatever the adapter raises.
    """
    from modellab.surfaces.contracts import CONTRACTS  # with numpy, for which whoever only looks need not wait

    model = adapter.load(request)
    for surface in request.config.surfaces:
        contract = CONTRACTS.get(surface)
        if contract is not None and not isinstance(model, contract):
            raise ModelUnavailable(
                f"model {request.ref} can't stand behind the surface {surface!r}: "
                f"its adapter gave a {type(model).__name__}",
                allowed=f"an object with the methods of {contract.__name__}",
                hint="Correct its adapter.py, or the list of surfaces in its config.yaml.",
            )
    return model
