"""The vad step on real recordings, through the engine."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.steps import vad
from modellab.surfaces.results import Segment, SpeechSegments
from modellab.warehouse.schema import columns_by_table

RunSteps = Callable[..., dict[str, Artifact]]


def test_speech_is_found_where_the_reference_has_it(run_steps: RunSteps, sample_wav: Path) -> None:
    artifact = run_steps(sample_wav, "ingest", "vad")["vad"]
    speech = artifact.read(SpeechSegments)
    reference = [line.split() for line in sample_wav.with_suffix(".rttm").read_text().splitlines()]
    talked = np.zeros(30_000, dtype=bool)
    for fields in reference:
        talked[int(float(fields[3]) * 1000) : int((float(fields[3]) + float(fields[4])) * 1000)] = True
    heard = np.zeros(30_000, dtype=bool)
    for segment in speech.segments:
        heard[int(segment.start_s * 1000) : int(segment.end_s * 1000)] = True
    # Detection error: missed and false speech over the reference's speech.
    assert (talked != heard).sum() / talked.sum() < 0.03
    assert speech.duration_s == pytest.approx(30.0, abs=0.001)
    assert artifact.summary == {
        "speech_s": pytest.approx(speech.speech_s, abs=0.001),
        "segments": len(speech.segments),
        "speech_ratio": pytest.approx(speech.speech_s / 30, abs=0.001),
        "level_lufs": speech.level_lufs,
        "raised_db": 0.0,
        "warnings": [],
    }


def test_very_quiet_speech_is_found_and_said_to_be_quiet(run_steps: RunSteps, sample_wav: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "quiet.wav"
    soundfile.write(path, samples * 10 ** (-42 / 20), rate, subtype="PCM_24")
    artifact = run_steps(path, "ingest", "vad")["vad"]
    loud = run_steps(sample_wav, "ingest", "vad")["vad"].read(SpeechSegments)
    quiet = artifact.read(SpeechSegments)
    assert quiet.speech_s == pytest.approx(loud.speech_s, abs=0.5)
    assert loud.level_lufs is not None
    assert quiet.level_lufs == pytest.approx(loud.level_lufs - 42, abs=0.1)
    assert quiet.raised_db == pytest.approx(-23 - quiet.level_lufs, abs=0.1)
    [warning] = artifact.summary["warnings"]
    assert warning.startswith(f"The recording is very quiet ({quiet.level_lufs:.0f} LUFS; speech is usually near -23)")
    assert "ingest.normalize_loudness=true" in warning


@pytest.mark.realdata
def test_three_words_with_pauses_are_all_found_and_not_called_quiet(run_steps: RunSteps, data: Path) -> None:
    """Most of it is silence: taken for quiet and raised until it clips, its first word was lost."""
    speech = run_steps(data / "en-short" / "english.wav", "ingest", "vad")["vad"].read(SpeechSegments)
    assert speech.raised_db == 0.0
    assert speech.segments[0].start_s < 0.2 and speech.segments[-1].end_s > 2.4


def test_its_rows_are_the_segments_and_fit_the_table(run_steps: RunSteps, sample_wav: Path) -> None:
    artifact = run_steps(sample_wav, "ingest", "vad")["vad"]
    speech = artifact.read(SpeechSegments)
    rows = list(vad.tables(artifact)["segments"])
    assert [(row["position"], row["start_s"], row["end_s"]) for row in rows] == [
        (index, segment.start_s, segment.end_s) for index, segment in enumerate(speech.segments)
    ]
    assert {row["kind"] for row in rows} == {"speech"}
    assert all(set(row) <= set(columns_by_table()["segments"]) for row in rows)


def test_silence_has_no_segments(run_steps: RunSteps, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(32_000, dtype=np.float32), 16_000)
    artifact = run_steps(path, "ingest", "vad")["vad"]
    assert artifact.read(SpeechSegments).segments == []
    assert artifact.summary == {
        "speech_s": 0,
        "segments": 0,
        "speech_ratio": 0.0,
        "level_lufs": None,
        "raised_db": 0.0,
        "warnings": [],
    }


def test_times_are_the_original_recordings_after_silence_was_trimmed(
    run_steps: RunSteps, sample_wav: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros(20 * rate, dtype=np.float32), samples]), rate)
    plain = run_steps(path, "ingest", "vad")["vad"]
    trimmed = run_steps(path, "ingest", "vad", parameters={"ingest": {"operators": [{"name": "trim_silence"}]}})["vad"]
    first: list[Segment] = [artifact.read(SpeechSegments).segments[0] for artifact in (plain, trimmed)]
    assert first[0].start_s == pytest.approx(26.7, abs=0.3)
    assert first[1].start_s == pytest.approx(first[0].start_s, abs=0.3)


def test_parameters_decide_what_counts(run_steps: RunSteps, sample_wav: Path) -> None:
    many = run_steps(sample_wav, "ingest", "vad", parameters={"vad": {"min_silence_ms": 50, "speech_pad_ms": 0}})
    one = run_steps(sample_wav, "ingest", "vad", parameters={"vad": {"min_silence_ms": 20_000}})
    assert many["vad"].summary["segments"] > one["vad"].summary["segments"] == 1
