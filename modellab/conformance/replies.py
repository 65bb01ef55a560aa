"""The surface that answers speech with speech."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from modellab.conformance.asked import Given, Quality, wrong_samples, wrong_type
from modellab.conformance.sounds import sounds
from modellab.registry.config import ModelConfig, Variant
from modellab.surfaces.contracts import Progress
from modellab.surfaces.replies import Reply

_LONGEST_S = 2.0
_OVER_S = 0.1
"""A codec's last frame may go over what was asked for."""
_SEED = 3


class VoiceToVoice:
    """Answers."""

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        rate_hz = config.rate_of("voice_to_voice")
        assert rate_hz is not None
        return sounds(rate_hz)

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return model.reply(given.value, None, _LONGEST_S, _SEED, progress)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if bad := list(wrong_type(result, Reply)):
            yield from bad
            return
        yield from wrong_samples(result.sound.samples)
        if np.ndim(result.sound.samples) != 1:
            yield f"its sound has the shape {np.shape(result.sound.samples)}, not (samples,)"
        elif result.sound.duration_s > _LONGEST_S + _OVER_S:
            yield f"it speaks for {result.sound.duration_s:.2f} s where {_LONGEST_S:g} s were the longest"
        if given.name == "speech" and not len(result.sound.samples):
            yield Quality("it says nothing to speech")
