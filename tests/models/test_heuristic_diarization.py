"""The baseline: voices that differ plainly are told apart, silence and noise have none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.surfaces.contracts import DiarizationModel
from modellab.surfaces.results import Diarization, Turn

RATE_HZ = 16_000


def ignore(_: float) -> None:
    """Progress nobody looks at."""


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], Any]) -> DiarizationModel:
    loaded = load_model("heuristic_diarization")
    assert isinstance(loaded, DiarizationModel)
    return loaded


def voice(seconds: float, hz: float, tilt: float) -> Samples:
    """A buzz: the harmonics of a pitch up to 7 kHz, falling off by a power, at a wavering level."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    harmonics = np.arange(1, int(7_000 / hz))
    buzz = sum(np.sin(2 * np.pi * hz * k * time_s) / k**tilt for k in harmonics)
    shaped = buzz * (1.2 + np.sin(2 * np.pi * 4 * time_s))
    return np.asarray(0.3 * shaped / np.abs(shaped).max(), dtype=np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), dtype=np.float32)


@pytest.fixture(scope="module")
def dialogue() -> Waveform:
    """Low voice 1-5 s, high voice 6-10 s, low voice 11-14 s."""
    low, high = voice(4, 110, 1.5), voice(4, 230, 0.5)
    parts = (silence(1), low, silence(1), high, silence(1), low[: 3 * RATE_HZ], silence(1))
    return Waveform(np.concatenate(parts), RATE_HZ)


def test_two_plainly_different_voices_are_told_apart(model: DiarizationModel, dialogue: Waveform) -> None:
    found = model.diarize(dialogue, {}, ignore)
    expected = [Turn(1, 5, "SPEAKER_00"), Turn(6, 10, "SPEAKER_01"), Turn(11, 14, "SPEAKER_00")]
    assert [turn.speaker for turn in found.turns] == [turn.speaker for turn in expected]
    for turn, truth in zip(found.turns, expected, strict=True):
        assert turn.start_s == pytest.approx(truth.start_s, abs=0.05)
        assert turn.end_s == pytest.approx(truth.end_s, abs=0.05)


def test_the_number_of_speakers_can_be_given(model: DiarizationModel, dialogue: Waveform) -> None:
    assert len(model.diarize(dialogue, {"num_speakers": 1}, ignore).speakers) == 1
    assert len(model.diarize(dialogue, {"min_speakers": 3}, ignore).speakers) == 3
    assert len(model.diarize(dialogue, {"max_speakers": 1}, ignore).speakers) == 1


@pytest.mark.parametrize("seconds", [0.01, 5.0])
def test_silence_has_no_speakers(model: DiarizationModel, seconds: float) -> None:
    assert model.diarize(Waveform(silence(seconds), RATE_HZ), {}, ignore) == Diarization([], seconds)


def test_even_noise_has_no_speakers(model: DiarizationModel) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 10 * RATE_HZ).astype(np.float32)
    assert model.diarize(Waveform(noise, RATE_HZ), {}, ignore).turns == []


def test_other_parameters_are_refused(model: DiarizationModel, dialogue: Waveform) -> None:
    with pytest.raises(UsageError, match="takes no parameter min_cluster_size"):
        model.diarize(dialogue, {"min_cluster_size": 2}, ignore)
