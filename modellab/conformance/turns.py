"""Surfaces about who is to speak: ends of turns."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from modellab.conformance.asked import Given
from modellab.conformance.sounds import sounds
from modellab.registry.config import ModelConfig, Variant
from modellab.surfaces.contracts import Progress


class EndOfTurn:
    """Whether somebody who pauses has done."""

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        rate_hz = config.rate_of("end_of_turn")
        assert rate_hz is not None
        return sounds(rate_hz)

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return model.end_of_turn(given.value)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if not model.window_s > 0.0:
            yield f"it goes by {model.window_s} s of sound"
        if isinstance(result, bool) or not isinstance(result, float):
            yield f"it gave a {type(result).__name__}, not float"
        elif not (math.isfinite(result) and 0.0 <= result <= 1.0):
            yield f"a probability is not from 0 to 1: {result}"
