"""The translate step through the engine, with a tiny random model; and what its results are elsewhere."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.media.audio import TimeMap
from modellab.pipeline.record import StepRecord
from modellab.registry.hosts.codec import decode, encode
from modellab.settings import Lab
from modellab.speech.by_pieces import Heard, translate_pieces
from modellab.steps.translate import tables
from modellab.surfaces.names import can_be_remote
from modellab.surfaces.results import Segment
from modellab.surfaces.translations import TranslatedUtterance, Translation
from modellab.warehouse.schema import columns_by_table
from models.seamlessm4t.random_weights import write

MODELS = {"vad": "silero_vad", "translate": "seamlessm4t:v1-medium"}


@pytest.fixture
def lab(lab: Lab, tmp_path: Path) -> Lab:
    """A lab in which the model has random weights."""
    folder = tmp_path / "weights" / "seamlessm4t" / "v1-medium"
    folder.mkdir(parents=True)
    write(folder, "v1-medium")
    return Lab(lab.settings.model_copy(update={"weights": tmp_path / "weights"}))


@pytest.fixture
def clip(sample_wav: Path, tmp_path: Path) -> Path:
    """Six seconds of two people on the telephone."""
    samples, rate = soundfile.read(sample_wav)
    soundfile.write(tmp_path / "clip.wav", samples[7 * rate : 13 * rate], rate)
    return tmp_path / "clip.wav"


@pytest.mark.random_weights
def test_speech_becomes_utterances_in_the_language_asked_for(
    run_steps: Callable[..., dict[str, Artifact]], clip: Path
) -> None:
    artifacts = run_steps(
        clip, "ingest", "vad", "translate", models=MODELS, parameters={"translate": {"target": "fr", "language": "en"}}
    )
    found = artifacts["translate"].read(Translation)
    assert (found.language, found.source_language, found.duration_s) == ("fr", "en", pytest.approx(6.0))
    assert all(0 <= one.start_s < one.end_s <= 6.0 and one.text for one in found.utterances)
    rows = list(tables(artifacts["translate"])["translations"])
    assert [row["text"] for row in rows] == [one.text for one in found.utterances] != []
    assert {*rows[0], "fingerprint", "source"} == set(columns_by_table()["translations"])
    assert artifacts["translate"].summary["utterances"] == len(found.utterances)


def test_silence_is_translated_by_no_model(attempt_steps: Callable[..., dict[str, StepRecord]], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(16_000), 16_000)
    records = attempt_steps(tmp_path / "silence.wav", "ingest", "vad", "translate", models=MODELS)
    assert (records["translate"].status, records["translate"].load_s) == ("completed", 0.0)


@pytest.mark.random_weights
def test_what_can_not_be_translated_fails_the_step_with_what_to_say_instead(
    attempt_steps: Callable[..., dict[str, StepRecord]], clip: Path
) -> None:
    asked = {"translate": {"target": "en", "language": "en"}}
    records = attempt_steps(clip, "ingest", "vad", "translate", models=MODELS, parameters=asked)
    assert "speech in en, and a translation into en" in str(records["translate"].error)


def test_an_utterance_goes_from_the_first_speech_of_its_piece_to_the_last() -> None:
    from modellab.media.audio import Waveform

    audio = Waveform(np.ones(1000, dtype=np.float32), 100)
    speech = [Segment(1, 2), Segment(3, 4), Segment(6, 8)]
    texts = iter([" Bon jour. ", "", "Oui."])
    found = translate_pieces(
        audio,
        [*speech, Segment(9, 9.5)],
        lambda pieces, progress: [Heard(next(texts)) for _ in pieces],
        longest_s=2.2,
        pad_s=0.0,
        batch_size=2,
        language="en",
        target="fr",
        progress=lambda fraction: None,
    )
    assert found == Translation(
        [TranslatedUtterance(1.0, 4.0, "Bon jour."), TranslatedUtterance(9.0, 9.5, "Oui.")], 10.0, "fr", "en"
    )


def test_it_goes_over_the_wire_and_back_to_the_recording_s_time() -> None:
    found = Translation([TranslatedUtterance(1.0, 2.0, "Guten Tag")], 3.0, "de")
    text, buffers = encode(found)
    assert decode(text, buffers) == found
    assert can_be_remote("translate")
    assert found.in_original_time(TimeMap.identity(3.0)) == found
