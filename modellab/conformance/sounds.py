"""The sounds that models are given: real speech, and what recordings hold beside it."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from modellab.conformance.asked import Given
from modellab.media.audio import Samples, Waveform
from modellab.media.decode import decode
from modellab.media.sample import sample_path

_SPEECH_S = (6.0, 12.0)
"""Of the sample: both people speak."""
_NOISE_S = 2.0
_SHORT_S = 0.1
_SEED = 17


def sounds(rate_hz: int) -> Sequence[Given]:
    """Six seconds of two people on the telephone; noise; silence; a tenth of a second of speech: at a model's rate.

    Raises:
        LabError: the sample is not installed.
    """
    noise = np.random.default_rng(_SEED).normal(0.0, 0.05, round(_NOISE_S * rate_hz))
    named = {
        "speech": _speech(rate_hz),
        "noise": noise.astype(np.float32),
        "silence": np.zeros(round(_NOISE_S * rate_hz), dtype=np.float32),
        "a tenth of a second": _speech(rate_hz)[: round(_SHORT_S * rate_hz)],
    }
    return [Given(name, Waveform(samples.copy(), rate_hz), len(samples) / rate_hz) for name, samples in named.items()]


@cache
def _speech(rate_hz: int) -> Samples:
    start, end = (round(second * rate_hz) for second in _SPEECH_S)
    return decode(sample_path(), sample_rate_hz=rate_hz).mono[start:end]
