"""The asr step on real recordings, through the engine."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from modellab.artifacts.store import Artifact
from modellab.errors import UsageError
from modellab.pipeline.record import StepRecord
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps import asr
from modellab.surfaces.results import Transcript
from modellab.warehouse.schema import columns_by_table

RunSteps = Callable[..., dict[str, Artifact]]
AttemptSteps = Callable[..., dict[str, StepRecord]]
CHAIN = ("ingest", "vad", "asr")


def transcript_of(artifact: Artifact) -> Transcript:
    return artifact.read(Transcript)


def test_a_transcript_its_summary_and_its_rows_agree(run_steps: RunSteps, sample_wav: Path) -> None:
    artifact = run_steps(sample_wav, *CHAIN)["asr"]
    transcript = transcript_of(artifact)
    assert "Diane in New Jersey" in transcript.text
    assert transcript.duration_s == pytest.approx(30, abs=0.001)
    probabilities = [word.probability for word in transcript.words if word.probability is not None]
    summary = artifact.summary
    assert summary["words"] == len(transcript.words) == len(probabilities)
    assert summary["utterances"] == len(transcript.utterances)
    assert summary["language"] == "en"
    assert summary["mean_word_probability"] == pytest.approx(fmean(probabilities), abs=1e-4)
    assert 150 < summary["words_per_speech_minute"] < 250

    tables = {name: list(rows) for name, rows in asr.tables(artifact).items()}
    columns = columns_by_table()
    assert all(set(row) <= set(columns[name]) for name, rows in tables.items() for row in rows)
    assert [row["text"] for row in tables["segments"]] == [u.text for u in transcript.utterances]
    assert [(row["position"], row["text"], row["start_s"]) for row in tables["words"]] == [
        (index, word.text, word.start_s) for index, word in enumerate(transcript.words)
    ]
    for number, utterance in enumerate(transcript.utterances):
        said = [row["text"] for row in tables["words"] if row["utterance"] == number]
        assert said == [word.text for word in utterance.words]


def test_silence_has_no_words_and_loads_no_model(
    attempt_steps: AttemptSteps, run_steps: RunSteps, tmp_path: Path
) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(3 * 16_000, dtype=np.float32), 16_000)
    record = attempt_steps(path, *CHAIN)["asr"]
    # Threads are those of a loaded model; the device is known of one that is not.
    assert (record.status, record.load_s, record.inference_s, record.threads) == ("completed", 0.0, 0.0, None)
    artifact = run_steps(path, *CHAIN)["asr"]
    assert transcript_of(artifact) == Transcript([], 3.0)
    assert artifact.summary["words"] == 0
    assert artifact.summary["words_per_speech_minute"] is None
    assert artifact.summary["warnings"] == [
        "No words were recognised: its sound is silent, and no speech was found in it. "
        "Check the recording: there is nothing to hear."
    ]
    assert {name: list(rows) for name, rows in asr.tables(artifact).items()} == {"segments": [], "words": []}


def test_times_are_the_original_recordings_after_silence_was_trimmed(
    run_steps: RunSteps, sample_wav: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros(20 * rate, dtype=np.float32), samples]), rate)
    found = transcript_of(
        run_steps(path, *CHAIN, parameters={"ingest": {"operators": [{"name": "trim_silence"}]}})["asr"]
    )
    plain = transcript_of(run_steps(sample_wav, *CHAIN)["asr"])
    assert found.words[0].start_s == pytest.approx(plain.words[0].start_s + 20, abs=0.4)
    assert found.words[-1].end_s == pytest.approx(plain.words[-1].end_s + 20, abs=0.4)
    assert found.duration_s == pytest.approx(50, abs=0.001)


def test_what_is_asked_reaches_the_model_and_the_record(attempt_steps: AttemptSteps, sample_wav: Path) -> None:
    record = attempt_steps(sample_wav, *CHAIN, parameters={"asr": {"batch_size": 3, "beam_size": 1}})["asr"]
    assert record.status == "completed"
    assert (record.batch_size, record.device, record.compute_type) == (3, "cpu", "int8")
    assert record.inference_s > 0
    assert record.load_s > 0
    refused = attempt_steps(sample_wav, *CHAIN, parameters={"asr": {"language": "de"}})["asr"]
    assert refused.status == "failed"
    assert refused.error is not None
    assert "faster_whisper:tiny.en can't transcribe the language 'de'; allowed: en." in refused.error


def test_languages_of_the_lab_belong_to_the_result_where_one_is_detected(lab: Lab) -> None:
    registry = ModelRegistry()
    german = Lab(lab.settings.model_copy(update={"languages": ("en", "de")}))

    def languages(key: str, of: Lab) -> object:
        step = resolve_system(key, registry, of).step("asr")
        assert step is not None
        return step.parameters.model_dump()["languages"]

    assert languages("fast_asr_only", lab) is None
    assert languages("fast_asr_only", german) == ("de", "en")
    assert languages("fast_asr_only+asr.languages=fr/en", german) == ("en", "fr")
    assert languages("fast_asr_only+asr.language=de", german) is None
    assert languages("fast_asr_only+asr=faster_whisper:tiny.en", german) is None


def test_languages_in_the_environment_are_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_LANGUAGES", "en, de")
    assert Lab.from_environment().settings.languages == ("en", "de")
    monkeypatch.setenv("MODELLAB_LANGUAGES", "English")
    with pytest.raises(UsageError, match=r"MODELLAB_LANGUAGES='English'.*languages are codes such as en"):
        Lab.from_environment()


@pytest.mark.realdata
def test_what_a_decoder_left_out_is_heard_again(run_steps: RunSteps, data: Path) -> None:
    """Of these 51 s tiny.en writes down the first 35 and stops, on any CPU seen so far."""
    artifact = run_steps(data / "crafted-conversation" / "conv4.flac", *CHAIN)["asr"]
    found = transcript_of(artifact)
    assert found.words[-1].end_s > 49
    assert found.uncovered == []
    assert "Had he married a more amiable woman" in found.text
    assert [before.start_s <= after.start_s for before, after in pairwise(found.words)].count(False) <= 1


@pytest.mark.realdata
def test_a_second_language_in_a_chunk_is_written_down(run_steps: RunSteps, data: Path, tmp_path: Path) -> None:
    english, rate = soundfile.read(data / "en-librispeech" / "2412-153948-0000.flac", dtype="float32")
    french, _ = soundfile.read(data / "xx-picovoice" / "test_fr.wav", dtype="float32")
    path = tmp_path / "two.wav"
    soundfile.write(path, np.concatenate([english, french]), rate)
    models = {"vad": "silero_vad", "asr": "faster_whisper:base"}
    artifact = run_steps(path, *CHAIN, models=models)["asr"]
    found = transcript_of(artifact)
    assert found.language == "en"
    assert "Les deux autres sont situés au bord de la mer" in found.text
    assert {u.language for u in found.utterances if u.start_s > 11.7} == {"fr"}
    assert any(warning.startswith("French was heard at 0:1") for warning in artifact.summary["warnings"])


@pytest.mark.parametrize("values", [{"language": "German"}, {"beam_size": 0}, {"colour": "red"}])
def test_parameters_that_can_not_be_are_refused_before_anything_runs(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        asr.AsrParameters.model_validate(values)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["jfk_8k.wav", "jfk_8k_mulaw.wav", "jfk_narrow.ogg"])
def test_telephone_recordings_are_understood(run_steps: RunSteps, data: Path, name: str) -> None:
    found = transcript_of(run_steps(data / "telephone-8k-crafted" / name, *CHAIN)["asr"])
    assert "ask what you can do for your country" in found.text.lower()


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["silence2sec.wav", "empty.wav", "almost_silent.wav"])
def test_real_silence_has_no_words(run_steps: RunSteps, data: Path, name: str) -> None:
    assert transcript_of(run_steps(data / "silence" / name, *CHAIN)["asr"]).words == []
