"""The diarization and alignment steps on a real recording, through the engine."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from modellab.artifacts.store import Artifact
from modellab.formats.rttm import read_rttm
from modellab.metrics.diarization import diarization_error
from modellab.pipeline.record import StepRecord
from modellab.steps import alignment, diarization
from modellab.surfaces.results import Diarization, Segment, Transcript
from modellab.warehouse.schema import columns_by_table

RunSteps = Callable[..., dict[str, Artifact]]
AttemptSteps = Callable[..., dict[str, StepRecord]]
MODELS = {"vad": "silero_vad", "asr": "faster_whisper:tiny.en", "diarization": "pyannote_diarization:campplus"}
HEURISTIC = {"diarization": "heuristic_diarization"}


def test_speakers_and_their_words(run_steps: RunSteps, sample_wav: Path) -> None:
    made = run_steps(sample_wav, "ingest", "vad", "asr", "diarization", "alignment", models=MODELS)

    found = made["diarization"].read(Diarization)
    reference = read_rttm(sample_wav.with_suffix(".rttm"))["sample"]
    rate = diarization_error(reference, found.turns, evaluated=[Segment(0.0, 30.0)]).value
    assert rate is not None
    assert rate <= 0.06
    summary = made["diarization"].summary
    assert (summary["speakers"], summary["turns"]) == (2, len(found.turns))
    assert set(summary["speech_s"]) == {"SPEAKER_00", "SPEAKER_01"}
    assert sum(summary["speech_s"].values()) == pytest.approx(24.3, abs=1.0)
    assert 0.5 < summary["overlap_s"] < 4.0
    (written,) = read_rttm(made["diarization"].file("diarization.rttm")).values()
    assert len(written) == len(found.turns)

    heard = made["asr"].read(Transcript)
    aligned = made["alignment"].read(Transcript)
    assert [word.text for word in aligned.words] == [word.text for word in heard.words]
    assert (aligned.duration_s, aligned.language) == (heard.duration_s, heard.language)
    assert all(word.speaker == utterance.speaker for utterance in aligned.utterances for word in utterance.words)
    said: dict[str | None, list[str]] = {u.speaker: [] for u in aligned.utterances}
    for utterance in aligned.utterances:
        said[utterance.speaker].append(utterance.text)
    diane = next(speaker for speaker, texts in said.items() if "Diane" in " ".join(texts))
    sheila = next(speaker for speaker, texts in said.items() if "Sheila" in " ".join(texts))
    assert {diane, sheila} == {"SPEAKER_00", "SPEAKER_01"}
    by_speaker = made["alignment"].summary["words_by_speaker"]
    unattributed = made["alignment"].summary["unattributed_words"]
    assert sum(by_speaker.values()) + unattributed == made["alignment"].summary["words"] == len(heard.words)
    assert unattributed <= 2

    columns = columns_by_table()
    for step, artifact in ((diarization, made["diarization"]), (alignment, made["alignment"])):
        tables = {name: list(rows) for name, rows in step.tables(artifact).items()}
        assert all(set(row) <= set(columns[name]) for name, rows in tables.items() for row in rows)
        assert all(rows for rows in tables.values())
    rows = list(alignment.tables(made["alignment"])["words"])
    assert [row["speaker"] for row in rows] == [word.speaker for word in aligned.words]


@pytest.fixture
def late_speech(tmp_path: Path, sample_wav: Path) -> Path:
    """Ten seconds of silence, then the sample's talk from 6 s on."""
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros(10 * rate, dtype=np.float32), samples[6 * rate : 16 * rate]]), rate)
    return path


def test_times_are_the_original_recordings_after_silence_was_trimmed(run_steps: RunSteps, late_speech: Path) -> None:
    trim = {"ingest": {"operators": [{"name": "trim_silence"}]}}
    plain, trimmed = (
        made["diarization"].read(Diarization)
        for made in (
            run_steps(late_speech, "ingest", "diarization", models=HEURISTIC),
            run_steps(late_speech, "ingest", "diarization", models=HEURISTIC, parameters=trim),
        )
    )
    assert plain.duration_s == trimmed.duration_s == 20.0
    assert plain.turns[0].start_s == pytest.approx(10.7, abs=0.3)
    assert trimmed.turns[0].start_s == pytest.approx(plain.turns[0].start_s, abs=0.05)


def test_silence_gives_no_speakers_and_an_empty_rttm(run_steps: RunSteps, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000), 16_000)
    made = run_steps(path, "ingest", "diarization", models=HEURISTIC)["diarization"]
    assert made.summary == {"speakers": 0, "turns": 0, "speech_s": {}, "overlap_s": 0.0}
    assert made.file("diarization.rttm").read_text() == ""


def test_what_a_model_can_not_do_fails_the_step_by_name(attempt_steps: AttemptSteps, late_speech: Path) -> None:
    asked = {"diarization": {"min_cluster_size": 3}}
    record = attempt_steps(late_speech, "ingest", "diarization", models=HEURISTIC, parameters=asked)["diarization"]
    assert record.status == "failed"
    assert record.error is not None
    assert "heuristic_diarization takes no parameter min_cluster_size" in record.error


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"num_speakers": 2, "max_speakers": 3}, "not both"),
        ({"min_speakers": 3, "max_speakers": 2}, "larger than"),
        ({"num_speakers": 0}, "greater than or equal to 1"),
        ({"threshold": 2.5}, "less than or equal to 2"),
    ],
)
def test_parameters_that_contradict_are_refused(values: dict[str, float], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        diarization.DiarizationParameters.model_validate(values)
