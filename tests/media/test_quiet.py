"""Quiet audio raised for models: by how much, and what a knock or silence does to it."""

import numpy as np
import pytest

from modellab.media.audio import Audio, Samples
from modellab.media.loudness import integrated_loudness_lufs, sustained_loudness_lufs
from modellab.media.quiet import audible

RATE = 16_000


def noise(level_lufs: float, seconds: float = 4.0) -> Samples:
    samples = np.random.default_rng(1).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)
    now = integrated_loudness_lufs(Audio(samples[np.newaxis], RATE))
    assert now is not None
    return samples * np.float32(10 ** ((level_lufs - now) / 20))


def test_steady_sound_has_one_loudness_and_a_gate_changes_nothing() -> None:
    assert sustained_loudness_lufs(noise(-30), RATE) == pytest.approx(-30, abs=0.3)
    assert sustained_loudness_lufs(noise(-85), RATE) == pytest.approx(-85, abs=0.3)


def test_a_short_burst_counts_in_silence_and_a_knock_in_quiet_does_not() -> None:
    silence = np.zeros(60 * RATE, dtype=np.float32)
    burst = silence.copy()
    burst[RATE : 3 * RATE] = noise(-30, 2.0)
    assert sustained_loudness_lufs(burst, RATE) == pytest.approx(-30, abs=0.5)
    knocked = noise(-60, 10.0)
    knocked[5 * RATE : 5 * RATE + 300] = 0.9
    assert sustained_loudness_lufs(knocked, RATE) == pytest.approx(-60, abs=0.5)


def test_a_few_words_with_long_pauses_are_as_loud_as_the_words() -> None:
    """Half a second of sound in each two: a median would hear the pauses."""
    words = np.zeros(6 * RATE, dtype=np.float32)
    for start_s in (0, 2, 4):
        words[start_s * RATE : start_s * RATE + RATE // 2] = noise(-30, 0.5)
    assert sustained_loudness_lufs(words, RATE) == pytest.approx(-30, abs=0.5)
    assert audible(words, RATE).raised_db == 0.0


def test_what_is_loud_enough_is_left_as_it_is() -> None:
    loud = noise(-41)
    heard = audible(loud, RATE)
    assert heard.samples is loud
    assert heard.raised_db == 0.0


def test_what_is_very_quiet_is_raised_to_minus_23_and_its_knocks_clipped() -> None:
    quiet = noise(-60, 10.0)
    quiet[5 * RATE] = 0.9
    heard = audible(quiet, RATE)
    assert heard.raised_db == pytest.approx(37, abs=0.5)
    assert float(np.abs(heard.samples).max()) == 1.0
    assert float(np.abs(quiet[:RATE]).max()) < 0.01


@pytest.mark.parametrize(
    "samples", [np.zeros(RATE, np.float32), np.full(RATE, 1e-5, np.float32), np.ones(3, np.float32)]
)
def test_silence_dither_and_moments_are_left_alone(samples: Samples) -> None:
    assert audible(samples, RATE).raised_db == 0.0


def test_no_gain_goes_beyond_60_db() -> None:
    assert audible(noise(-88), RATE).raised_db == 60.0
