"""What there is to say of a surface: what its models are given, how they are called, what their results must be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from modellab.registry.config import ModelConfig, Variant
from modellab.surfaces.contracts import Progress


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that a model is asked."""

    name: str
    """In a word or two: `speech`, `silence`."""
    value: Any
    """What `Surface.call` hands over."""
    audio_s: float | None = None
    """Seconds of sound in it; None of a text."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What else it must be told."""


class Quality(str):
    """A problem of what a model can do, and not of what it promises: nothing to ask of random weights."""


class Surface(Protocol):
    """A module of this room: one surface."""

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        """What its models are asked; the first is what their speed is taken from and what is asked again and again."""

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        """What the model gives, whole: of a stream or an iterator all that comes."""

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        """In what a result is not what the contract says, and, as `Quality`, not what a good model gives."""


def wrong_type(result: Any, wanted: type) -> Iterator[str]:
    """That a result is of another type, if it is."""
    if not isinstance(result, wanted):
        yield f"it gave a {type(result).__name__}, not {wanted.__name__}"


def wrong_samples(samples: Any) -> Iterator[str]:
    """In which samples are not float32 numbers."""
    if not isinstance(samples, np.ndarray) or samples.dtype != np.float32:
        yield f"samples are {getattr(samples, 'dtype', type(samples).__name__)}, not float32"
    elif not np.isfinite(samples).all():
        yield f"{np.count_nonzero(~np.isfinite(samples))} samples are no numbers"


def wrong_vectors(rows: Any, wanted: int) -> Iterator[str]:
    """In which vectors are not that many rows of length 1."""
    yield from wrong_samples(rows)
    if np.ndim(rows) != 2 or len(rows) != wanted:
        yield f"it gave an array of shape {np.shape(rows)}, not a row for each of {wanted}"
    elif wanted and not np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-3):
        yield "a vector's length is not 1"
