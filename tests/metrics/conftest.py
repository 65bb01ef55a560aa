"""Sound for metrics: made from seeds, with the rise and fall of speech."""

from collections.abc import Callable

import numpy as np
import pytest

from modellab.media.audio import Samples

Speech = Callable[..., Samples]


@pytest.fixture(scope="session")
def speech() -> Speech:
    """`speech(seconds, seed=0, rate_hz=16000)`: coloured noise in syllables, four a second, with pauses."""

    def made(seconds: float, seed: int = 0, rate_hz: int = 16_000) -> Samples:
        random = np.random.default_rng(seed)
        count = round(seconds * rate_hz)
        time_s = np.arange(count) / rate_hz
        smooth = np.convolve(random.standard_normal(count), np.hanning(9), "same")
        syllables = np.maximum(np.sin(2 * np.pi * 2 * time_s + seed), 0.0) * (np.sin(2 * np.pi * 0.4 * time_s) > -0.7)
        return np.asarray(0.1 * smooth * syllables, dtype=np.float32)

    return made
