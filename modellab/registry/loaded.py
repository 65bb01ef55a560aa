"""What an adapter is asked for, and what it gives: a model in memory, and how it runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab.registry.config import ModelConfig, ModelRef, Variant


@dataclass(frozen=True, slots=True)
class ExecutionFacts:
    """How a model runs, for the warehouse."""

    device: str
    """Kind of device: cpu, cuda or mps."""
    compute_type: str
    threads: int
    batch_size: int | None = None


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """Everything an adapter's `load` needs. It loads exactly this or raises; it never falls back to something else."""

    config: ModelConfig
    ref: ModelRef
    variant: Variant
    weights: Path | None
    """Folder that holds the variant's files under the names its config gives; None for a model without weights."""
    facts: ExecutionFacts


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready for use. `model` satisfies the contracts of its surfaces."""

    model: Any
    load_s: float
    """Seconds this acquisition spent loading; 0 when the model was in memory already."""
    facts: ExecutionFacts
    sample_rate_hz: int
    """Rate of the audio the model takes."""
