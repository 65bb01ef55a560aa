"""Operators that filter: high_pass and limit_peaks, against plain ways to do the same."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, sosfreqz

from modellab.errors import StepFailed
from modellab.media import filters
from modellab.media.audio import Audio, Samples, TimeMap
from modellab.media.operators import Processed, get_operator

Tone = Callable[..., Samples]
RATE_HZ = 16_000


def apply(name: str, samples: Samples, **parameters: object) -> Processed:
    audio = Audio(np.atleast_2d(samples).copy(), RATE_HZ)
    operator = get_operator(name)
    return operator.apply(audio, TimeMap.identity(audio.duration_s), operator.parameters.model_validate(parameters))


def change_db(before: Samples, after: Samples) -> float:
    settled = slice(RATE_HZ // 2, None)
    return float(20 * np.log10(np.std(after[settled]) / np.std(before[settled])))


@pytest.mark.parametrize(
    ("hz", "order", "expected_db"), [(100, 4, -3.01), (50, 4, -24.1), (50, 2, -12.3), (1_000, 4, 0)]
)
def test_high_pass_follows_butterworths_curve(tone: Tone, hz: float, order: int, expected_db: float) -> None:
    samples = tone(3.0, hz=hz)
    done = apply("high_pass", samples, cutoff_hz=100, order=order)
    assert change_db(samples, done.audio.samples[0]) == pytest.approx(expected_db, abs=0.1)
    _, response = sosfreqz(butter(order, 100, "highpass", fs=RATE_HZ, output="sos"), [hz], fs=RATE_HZ)
    assert change_db(samples, done.audio.samples[0]) == pytest.approx(20 * np.log10(abs(response[0])), abs=0.05)


def test_high_pass_takes_an_offset_out_without_a_click(tone: Tone) -> None:
    samples = 0.1 * tone(1.0, hz=1_000) + np.float32(0.5)
    done = apply("high_pass", np.stack([samples, -samples]))
    assert abs(done.audio.samples.mean()) < 1e-4
    assert np.abs(done.audio.samples).max() < 0.06
    assert done.time_map.is_identity


def test_high_pass_joins_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 10_000).astype(np.float32)
    whole = apply("high_pass", samples).audio.samples
    monkeypatch.setattr(filters, "_BLOCK_SAMPLES", 777)
    assert np.array_equal(apply("high_pass", samples).audio.samples, whole)


def test_high_pass_needs_a_rate_that_holds_its_cutoff() -> None:
    operator = get_operator("high_pass")
    audio = Audio(np.zeros((1, 100), np.float32), 4_000)
    with pytest.raises(StepFailed, match="cutoff of 2000 Hz at 4000 Hz"):
        operator.apply(audio, TimeMap.identity(0.025), operator.parameters(cutoff_hz=2_000))  # type: ignore[call-arg]


def slow_gain(samples: Samples, ceiling: float, reach: int) -> list[float]:
    """The rule word for word: the smallest gain needed within reach, averaged over as far; ends repeat."""
    highest = [max(abs(float(value)) for value in column) for column in samples.T]
    needed = [min(1.0, ceiling / value) if value else 1.0 for value in highest]
    last = len(needed) - 1

    def inside(index: int) -> int:
        return min(max(index, 0), last)

    least = [min(needed[inside(i + d)] for d in range(-reach, reach + 1)) for i in range(len(needed))]
    return [sum(least[inside(i + d)] for d in range(-reach, reach + 1)) / (2 * reach + 1) for i in range(len(needed))]


@given(
    values=st.lists(st.sampled_from([0.0, 0.1, -0.4, 0.5, -0.9, 1.0]), min_size=1, max_size=60),
    reach=st.integers(1, 8),
    block=st.integers(1, 30),
)
def test_limiting_follows_the_rule_whatever_the_blocks(values: list[float], reach: int, block: int) -> None:
    samples = np.array([values, values[::-1]], dtype=np.float32)
    expected = slow_gain(samples, 0.5, reach)
    audio = Audio(samples.copy(), RATE_HZ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "_BLOCK_SAMPLES", block)
        share, smallest = filters.limit_peaks(audio, 0.5, reach)
    np.testing.assert_allclose(audio.samples, samples * np.array(expected), atol=1e-6)
    assert np.abs(audio.samples).max() <= 0.5 + 1e-6
    assert smallest == pytest.approx(min(expected), abs=1e-6)
    assert share == pytest.approx(np.mean(np.array(expected) < 1 - 1e-5), abs=1e-9)


def test_a_knock_is_turned_down_and_the_rest_is_left(tone: Tone) -> None:
    samples = tone(2.0, amplitude=0.1)
    samples[16_000] = 1.0
    done = apply("limit_peaks", samples, ceiling_dbfs=-14, reach_ms=10)
    assert np.abs(done.audio.samples).max() == pytest.approx(10 ** (-14 / 20), rel=1e-5)
    changed = np.flatnonzero(done.audio.samples[0] != samples)
    assert changed.min() >= 16_000 - 320 and changed.max() <= 16_000 + 320
    assert done.facts["most_db"] == -14
    loud = apply("normalize_loudness", samples, target_lufs=-16)
    limited = apply("normalize_loudness", done.audio.samples[0], target_lufs=-16)
    assert loud.facts["gain_db"] == -1
    assert float(limited.facts["gain_db"]) > 6, "the knock held the loudness back"
