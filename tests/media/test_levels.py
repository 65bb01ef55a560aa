from collections.abc import Callable

import numpy as np
import pyloudnorm
import pytest

from modellab.media.audio import Audio, Samples
from modellab.media.levels import measure_levels
from modellab.media.loudness import integrated_loudness_lufs

Tone = Callable[..., Samples]


def speech_like(seconds: float, rate_hz: int, channels: int) -> Samples:
    """Noise that comes and goes, so that the relative gate has something to leave out."""
    rng = np.random.default_rng(1)
    samples = rng.standard_normal((channels, round(seconds * rate_hz))) * 0.1
    times = np.arange(samples.shape[1]) / rate_hz
    speech: Samples = (samples * np.where((times % 3) < 2, 1.0, 0.01)).astype(np.float32)
    return speech


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (44_100, 2), (48_000, 1), (8_000, 2)])
@pytest.mark.parametrize("seconds", [0.4, 3.3, 31.0])
def test_loudness_is_pyloudnorms(rate_hz: int, channels: int, seconds: float) -> None:
    samples = speech_like(seconds, rate_hz, channels)
    expected = pyloudnorm.Meter(rate_hz).integrated_loudness(samples.T.astype(np.float64))
    assert integrated_loudness_lufs(Audio(samples, rate_hz)) == pytest.approx(expected, abs=0.05)


def test_the_standards_own_example(tone: Tone) -> None:
    """BS.1770: a sine of 997 Hz at full scale in one channel has -3.01 LUFS; meters may be 0.1 LU off (EBU 3341)."""
    audio = Audio(tone(5.0, 48_000, 997.0, 1.0)[np.newaxis], 48_000)
    assert integrated_loudness_lufs(audio) == pytest.approx(-3.01, abs=0.1)
    assert integrated_loudness_lufs(audio, gain=0.1) == pytest.approx(-23.01, abs=0.1)


@pytest.mark.parametrize(
    "audio",
    [
        Audio(np.full((1, 6_399), 0.5, np.float32), 16_000),
        Audio(np.zeros((1, 0), np.float32), 16_000),
        Audio(np.zeros((1, 160_000), np.float32), 16_000),
        Audio(speech_like(2.0, 2_000, 1), 2_000),
    ],
    ids=["under 400 ms", "nothing", "silence", "rate too low"],
)
def test_where_there_is_no_loudness(audio: Audio) -> None:
    assert integrated_loudness_lufs(audio) is None


def test_levels_of_a_sine_with_an_offset() -> None:
    samples = np.tile(np.array([0.6, -0.4], np.float32), (2, 300_000))
    samples[1] *= 0.5
    levels = measure_levels(Audio(samples, 16_000))
    assert levels.peak_dbfs == pytest.approx(20 * np.log10(0.6))
    assert levels.rms_dbfs == pytest.approx(10 * np.log10((0.36 + 0.16) / 2 * (1 + 0.25) / 2), abs=1e-5)
    assert levels.dc_offset == pytest.approx(0.1, abs=1e-6)
    assert not levels.is_silent


def test_levels_of_silence() -> None:
    levels = measure_levels(Audio(np.zeros((1, 16_000), np.float32), 16_000))
    assert (levels.peak_dbfs, levels.rms_dbfs, levels.loudness_lufs) == (None, None, None)
    assert levels.dc_offset == 0.0 and levels.is_silent


def test_the_last_bit_is_silence_and_two_are_not() -> None:
    for bits, silent in ((1, True), (2, False)):
        assert measure_levels(Audio(np.full((1, 100), bits / 32768, np.float32), 16_000)).is_silent is silent
