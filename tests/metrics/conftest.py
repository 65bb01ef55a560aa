"""Sound for metrics: made from seeds, with the rise and fall of speech. And every figure is looked at, whoever asks."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from modellab.media.audio import Samples
from modellab.metrics.score import Score

Speech = Callable[..., Samples]


@pytest.fixture(scope="session", autouse=True)
def every_figure_lies_within_its_bounds() -> Iterator[None]:
    """Bounds that are too narrow would make intervals that leave the truth out."""
    checked = Score.__post_init__

    def check(score: Score) -> None:
        checked(score)
        if score.value is not None:
            bounds = score.metric.bounds
            wrong = (bounds.least is not None and score.value < bounds.least - 1e-9) or (
                bounds.most is not None and score.value > bounds.most + 1e-9
            )
            assert not wrong, f"{score.metric.name} is {score.value:g}, outside of {bounds}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Score, "__post_init__", check)
        yield


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
