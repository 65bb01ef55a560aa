"""Leaks between channels, on signals whose levels are known exactly."""

import numpy as np
import pytest

from modellab.media.audio import Audio, Samples
from modellab.speech.crosstalk import frame_levels, leaked_frames, own_speech, same_sound
from modellab.surfaces.results import Segment

RATE_HZ = 16_000


def noise(seconds: float, dbfs: float, seed: int = 0) -> Samples:
    """Noise with an RMS of exactly `dbfs`."""
    samples = np.random.default_rng(seed).normal(0, 1, int(seconds * RATE_HZ))
    return (samples / np.sqrt(np.mean(samples**2)) * 10 ** (dbfs / 20)).astype(np.float32)


def audio(*channels: Samples) -> Audio:
    return Audio(np.stack(channels), RATE_HZ)


def test_levels_are_rms_in_dbfs_for_each_frame_of_10_ms() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    levels = frame_levels(audio(tone, np.zeros_like(tone)))
    assert levels.shape == (2, 100)
    assert levels[0, 20:80] == pytest.approx(-3.01, abs=0.01)
    assert (levels[1] == -120).all()


@pytest.mark.parametrize(("quieter_by_db", "leaks"), [(11.9, False), (12.1, True), (30.0, True)])
def test_a_frame_is_leaked_where_another_channel_is_that_much_louder(quieter_by_db: float, leaks: bool) -> None:
    one = noise(2, -20)
    leaked = leaked_frames(frame_levels(audio(one, one * np.float32(10 ** (-quieter_by_db / 20)))), 12.0)
    assert not leaked[0].any()
    assert leaked[1].all() == leaks
    assert leaked[1].any() == leaks


def test_of_three_channels_the_loudest_other_one_counts() -> None:
    levels = np.array([[-20.0, -60.0], [-30.0, -60.0], [-40.0, -20.0]])
    assert leaked_frames(levels, 15.0).tolist() == [[False, True], [False, True], [True, False]]


def test_what_leaked_is_cut_out_of_speech_and_short_rests_are_dropped() -> None:
    speech = [Segment(0.5, 3.003), Segment(4.0, 4.1), Segment(5.0, 6.0)]
    leaked = np.zeros(1000, dtype=bool)
    leaked[100:150] = True  # cuts the first segment in two
    leaked[200:215] = True  # too short to interrupt it
    leaked[270:280] = True
    leaked[520:1000] = True  # leaves 0.2 s of the last one
    assert own_speech(speech, leaked, 0.25) == [Segment(0.5, 1.0), Segment(1.5, 3.003), Segment(4.0, 4.1)]
    assert own_speech(speech, np.ones(1000, dtype=bool), 0.25) == []
    assert own_speech(speech, np.zeros(1000, dtype=bool), 0.25) == speech


def test_the_same_sound_is_told_from_a_leak_and_from_two_voices() -> None:
    one, other = noise(2, -20), noise(2, -20, seed=1)
    assert same_sound(audio(one, other), [0, 1], 12.0) is None
    assert same_sound(audio(one, np.zeros_like(one)), [0, 1], 12.0) is None
    assert same_sound(audio(np.zeros_like(one), np.zeros_like(one)), [0, 1], 12.0) is None
    assert same_sound(audio(one, one * np.float32(0.1)), [0, 1], 12.0) is None  # 20 dB apart: a leak
    three = audio(other, one, one * np.float32(-0.5))
    found = same_sound(three, [0, 1, 2], 12.0)
    assert found is not None
    assert found[:2] == (1, 2)
    assert found[2] == pytest.approx(1.0, abs=1e-5)
    assert same_sound(three, [0, 1], 12.0) is None
