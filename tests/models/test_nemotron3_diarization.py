"""Nemotron 3 Diarization: the loader and the adapter with a tiny random network in transformers' files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.surfaces.contracts import DiarizationModel, untold
from modellab.surfaces.results import Turn
from modellab.surfaces.speakers import bridged
from models._transformers.loading import import_transformers

pytestmark = pytest.mark.random_weights
RandomModel = Callable[[str], tuple[Any, Path]]
RATE = 16_000


@pytest.fixture(scope="module")
def audio() -> Waveform:
    """Longer than several of the tiny network's chunks, and no whole number of frames."""
    return Waveform(np.random.default_rng(0).normal(0, 0.1, 5 * RATE + 77).astype(np.float32), RATE)


def first_turn(active: "np.ndarray[Any, np.dtype[np.bool_]]") -> tuple[int, int]:
    """Where it begins, and its length below 0: of two that begin together the longer comes first."""
    begins = int(np.argmax(active))
    rest = active[begins:]
    return begins, -(len(rest) if rest.all() else int(np.argmin(rest)))


def test_its_turns_are_those_of_transformers(random_model: RandomModel, audio: Waveform) -> None:
    model, folder = random_model("nemotron3_diarization")
    assert isinstance(model, DiarizationModel)
    found = model.diarize(audio, {}, untold)
    transformers = import_transformers()
    network = transformers.AutoModelForAudioFrameClassification.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    inputs = processor(audio.samples, sampling_rate=RATE, return_tensors="pt")
    active = (network(**inputs).logits[0].sigmoid() > 0.5).numpy() & inputs.attention_mask[0].bool().numpy()[:, None]
    # Frame by frame: who speaks, speakers in order of their first turn.
    frames = np.zeros_like(active)
    order = sorted((k for k in range(3) if active[:, k].any()), key=lambda k: first_turn(active[:, k]))
    for turn in found.turns:
        frames[round(turn.start_s * 100) : round(turn.end_s * 100), order[int(turn.speaker[-2:])]] = True
    whole = int(audio.duration_s * 100)
    assert len(found.speakers) >= 2 and len(found.turns) >= 5
    np.testing.assert_array_equal(frames[:whole], active[:whole])
    assert max(turn.end_s for turn in found.turns) <= found.duration_s == audio.duration_s


def test_short_pauses_can_be_bridged_and_nothing_else_can_be_asked(random_model: RandomModel, audio: Waveform) -> None:
    model, _ = random_model("nemotron3_diarization")
    plain = model.diarize(audio, {}, untold).turns
    assert len(model.diarize(audio, {"min_duration_off_s": 0.2}, untold).turns) < len(plain)
    with pytest.raises(UsageError, match="takes no parameter num_speakers"):
        model.diarize(audio, {"num_speakers": 2}, untold)
    assert model.diarize(Waveform(np.zeros(0, dtype=np.float32), RATE), {}, untold).turns == []


def test_pauses_are_each_speakers_own() -> None:
    turns = [Turn(0.0, 1.0, "A"), Turn(0.5, 3.0, "B"), Turn(1.3, 2.0, "A"), Turn(2.6, 3.0, "A")]
    assert bridged([Turn(0.0, 3.0, "A"), Turn(1.0, 2.0, "A")], 0.0) == [Turn(0.0, 3.0, "A")]
    assert bridged(turns, 0.35) == [Turn(0.0, 2.0, "A"), Turn(0.5, 3.0, "B"), Turn(2.6, 3.0, "A")]


def test_another_models_files_are_refused(random_model: RandomModel, tmp_path: Path) -> None:
    from models.nemotron3_diarization.random_weights import write

    write(tmp_path, "v1")
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    from models._transformers.loading import from_folder

    kind = import_transformers().Nemotron3DiarizationForAudioFrameClassification
    with pytest.raises(
        WeightsCorrupt, match="does not hold what Nemotron3DiarizationForAudioFrameClassification reads"
    ):
        from_folder(tmp_path, kind, use_safetensors=True)
