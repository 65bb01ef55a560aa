"""Where something has a moving pitch: voices, not noise, hum, tones or silence."""

from itertools import pairwise

import numpy as np
import pytest

from modellab.media.audio import Samples
from modellab.media.decode import decode
from modellab.media.sample import sample_path
from modellab.speech.hallucinations.voicing import RATE_HZ, voiced

SECONDS = 20
TIME_S = np.arange(SECONDS * RATE_HZ) / RATE_HZ
NOISE = np.random.default_rng(5).standard_normal(len(TIME_S))


def seconds(samples: Samples) -> float:
    return sum(segment.duration_s for segment in voiced(samples.astype(np.float32)))


def sung(moving: float) -> Samples:
    """A buzz of 120 Hz with pauses, whose pitch moves by so large a part of itself, twice a second."""
    pitch = 120 * (1 + moving * np.sin(2 * np.pi * 2 * TIME_S))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    buzz = sum(np.sin(number * phase) / number for number in range(1, 12))
    return (0.1 * buzz * (TIME_S % 1 < 0.6) + 0.001 * NOISE).astype(np.float32)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(len(TIME_S)),
        0.05 * NOISE,
        0.1 * np.sin(2 * np.pi * 50 * TIME_S) + 0.05 * np.sin(2 * np.pi * 150 * TIME_S) + 0.003 * NOISE,
        0.2 * np.sin(2 * np.pi * 880 * TIME_S) * (TIME_S % 1 < 0.3) + 0.002 * NOISE,
        sung(0.0),
    ],
    ids=["silence", "noise", "hum", "beeps", "a buzz on one note"],
)
def test_what_is_no_voice(sound: Samples) -> None:
    assert seconds(sound) < 0.01 * SECONDS


def test_a_moving_pitch_is_heard_where_it_is() -> None:
    found = voiced(sung(0.1))
    assert sum(segment.duration_s for segment in found) > 0.4 * SECONDS
    assert all(segment.start_s % 1 < 0.66 and (segment.end_s - 0.06) % 1 < 0.62 for segment in found)


def test_every_second_of_two_people_talking_has_some() -> None:
    audio = decode(sample_path(), sample_rate_hz=RATE_HZ)
    samples = audio.mono
    found = voiced(samples)
    assert all(before.end_s < after.start_s for before, after in pairwise(found))
    heard = np.zeros(round(audio.duration_s * 100))
    for segment in found:
        heard[round(segment.start_s * 100) : round(segment.end_s * 100)] = 1
    speech = heard[700:2900]  # from 7 s on they talk without a pause
    gaps = np.diff(np.flatnonzero(speech))
    assert gaps.max() <= 100  # hundredths of a second: half a second before and behind each word is enough


def test_it_hears_the_same_in_pieces_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = sung(0.1)
    whole = voiced(samples)
    monkeypatch.setattr("modellab.speech.hallucinations.voicing._BLOCK_FRAMES", 77)
    assert voiced(samples) == whole
    assert voiced(samples[:0]) == []
    assert voiced(samples[:100]) == []
