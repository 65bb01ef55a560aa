"""Smart Turn on sentences read to their ends and sentences broken off, and its features against its makers'."""

import importlib.util
from collections.abc import Callable
from importlib.metadata import distribution, files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.media.decode import decode
from modellab.settings import PROJECT_ROOT
from modellab.surfaces.contracts import EndOfTurnModel
from models.smart_turn.adapter import WEIGHTS, SmartTurn
from models.smart_turn.features import log_mel

RATE = 16_000
SPOKEN = PROJECT_ROOT / "datasets" / "media" / "asr"
PAUSE = np.zeros(RATE // 5, dtype=np.float32)


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], SmartTurn]) -> SmartTurn:
    if find_spec("pipecat") is None:
        pytest.skip("pip install --no-deps pipecat-ai==1.14.0")
    loaded = load_model("smart_turn")
    assert isinstance(loaded, EndOfTurnModel)
    return loaded


def heard(model: SmartTurn, samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    return model.end_of_turn(Waveform(np.concatenate([samples, PAUSE]), RATE))


def test_features_are_those_of_its_makers(sample: Waveform) -> None:
    if find_spec("pipecat") is None:
        pytest.skip("pip install --no-deps pipecat-ai==1.14.0")
    [place] = [one for one in files("pipecat-ai") or [] if one.name == "_whisper_features.py"]
    spec = importlib.util.spec_from_file_location("whisper_features", str(place.locate()))
    assert spec is not None and spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    for samples in (sample.samples[: 3 * RATE], sample.samples[: 8 * RATE], sample.samples, PAUSE):
        last = samples[-8 * RATE :]
        expected = theirs.compute_whisper_log_mel_features(np.pad(last, (8 * RATE - len(last), 0)))
        np.testing.assert_allclose(log_mel(samples), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("sentence", "broken_off_at"), [("nezumi-dates", 0.8), ("heart-dates", 0.8), ("slt-dates", 0.6)]
)
def test_a_sentence_is_over_at_its_end_and_not_where_it_is_broken_off(
    model: SmartTurn, sentence: str, broken_off_at: float
) -> None:
    samples = decode(SPOKEN / f"{sentence}.flac", sample_rate_hz=RATE).mono
    samples = samples[: np.flatnonzero(np.abs(samples) > 0.02)[-1] + RATE // 10]
    assert heard(model, samples) > 0.7
    assert heard(model, samples[: round(len(samples) * broken_off_at)]) < 0.3


def test_only_the_last_eight_seconds_count(model: SmartTurn, sample: Waveform) -> None:
    assert model.window_s == 8.0
    last = sample.samples[10 * RATE : 18 * RATE]
    assert model.end_of_turn(Waveform(sample.samples[: 18 * RATE], RATE)) == model.end_of_turn(Waveform(last, RATE))
    short = sample.samples[17 * RATE : 18 * RATE]
    padded = np.concatenate([np.zeros(7 * RATE, dtype=np.float32), short])
    assert model.end_of_turn(Waveform(short, RATE)) == model.end_of_turn(Waveform(padded, RATE))


def test_weights_that_are_no_such_network_are_refused(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"not a network")
    with pytest.raises(WeightsCorrupt, match="not a network that can be run"):
        SmartTurn(tmp_path / WEIGHTS, 1)
    other = Path(str(distribution("silero-vad").locate_file("silero_vad/data/silero_vad_16k_sequence.onnx")))
    with pytest.raises(WeightsCorrupt, match="is not Smart Turn v3"):
        SmartTurn(other, 1)
