from collections.abc import Callable

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.media.audio import Audio, Samples
from modellab.media.resampling import StreamResampler, resample, resampled_length

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 1_092_676])


@settings(max_examples=40, deadline=None)
@given(RATES, RATES, st.lists(st.integers(1, 4_000), min_size=1, max_size=5))
def test_blocks_give_what_the_whole_gives(from_hz: int, to_hz: int, lengths: list[int]) -> None:
    total = sum(lengths)
    samples = (0.3 * np.random.default_rng(total).standard_normal((2, total))).astype(np.float32)
    resampler = StreamResampler(2, from_hz, to_hz)
    edges = np.cumsum(lengths)[:-1]
    parts = [resampler.push(block) for block in np.split(samples, edges, axis=1)] + [resampler.finish()]
    result = np.concatenate(parts, axis=1)
    assert result.shape == (2, max(1, int(total * to_hz / from_hz + 0.5)))
    expected = (
        samples.T if from_hz == to_hz else soxr.resample(samples.T.copy(order="C"), from_hz, to_hz, quality="VHQ")
    )
    same = min(len(expected), result.shape[1])
    assert np.abs(result[:, :same] - expected[:same].T).max(initial=0.0) < 1e-5


def test_something_never_becomes_nothing() -> None:
    assert resampled_length(1, 48_000, 16_000) == 1
    assert resampled_length(0, 48_000, 16_000) == 0
    assert resample(Audio(np.ones((1, 1), np.float32), 48_000), 16_000).samples.shape == (1, 1)


def test_a_tone_stays_the_tone(tone: Callable[..., Samples]) -> None:
    audio = Audio(tone(10.0, 44_100)[np.newaxis], 44_100)
    result = resample(audio, 16_000)
    assert result.samples.shape == (1, 160_000)
    assert np.abs(result.samples[0, 300:-300] - tone(10.0)[300:-300]).max() < 1e-5


def test_nothing_happens_at_the_same_rate() -> None:
    audio = Audio(np.ones((1, 10), np.float32), 16_000)
    assert resample(audio, 16_000) is audio


@pytest.mark.parametrize("hz", [9_000.0, 20_000.0])
def test_what_does_not_fit_the_rate_is_removed(tone: Callable[..., Samples], hz: float) -> None:
    result = resample(Audio(tone(1.0, 44_100, hz)[np.newaxis], 44_100), 16_000)
    assert np.abs(result.samples[0, 500:-500]).max() < 1e-4
