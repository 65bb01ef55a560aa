"""Operators inside ingest, and what the steps after it make of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.documents import load
from modellab.media.canonical import CanonicalAudio
from modellab.pipeline.record import StepRecord
from modellab.surfaces.results import SpeechSegments

RunSteps = Callable[..., dict[str, Artifact]]


def test_speech_keeps_the_recordings_times_whatever_was_applied(run_steps: RunSteps, sample_wav: Path) -> None:
    operators = [
        {"name": "high_pass", "parameters": {"cutoff_hz": 100}},
        {"name": "speed", "parameters": {"factor": 0.8}},
        "limit_peaks",
        {"name": "normalize_loudness", "parameters": {"target_lufs": -20}},
    ]
    plain = run_steps(sample_wav, "ingest", "vad")
    applied = run_steps(sample_wav, "ingest", "vad", parameters={"ingest": {"operators": operators}})
    audio = CanonicalAudio.open(applied["ingest"])
    assert (audio.duration_s, audio.original_duration_s) == (37.5, 30.0)
    assert [operator.name for operator in audio.info.operators] == [
        "high_pass",
        "speed",
        "limit_peaks",
        "normalize_loudness",
    ]
    found, expected = (load(SpeechSegments, done["vad"].file("speech.json")) for done in (applied, plain))
    assert found.duration_s == 30.0
    assert len(found.segments) == len(expected.segments)
    for segment, reference in zip(found.segments, expected.segments, strict=True):
        assert segment.start_s == pytest.approx(reference.start_s, abs=0.15)
        assert segment.end_s == pytest.approx(reference.end_s, abs=0.15)


def test_one_channel_of_a_call(run_steps: RunSteps, sample_wav: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="int16")
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack([np.zeros(12 * rate, np.int16), samples[: 12 * rate]], axis=1), rate)
    right = {"channels": "keep", "operators": [{"name": "channel_select", "parameters": {"channel": 2}}]}
    done = run_steps(path, "ingest", parameters={"ingest": right})
    audio = CanonicalAudio.open(done["ingest"])
    assert audio.info.channels == 1
    assert np.array_equal(audio.waveform(rate).samples * 32_768, samples[: 12 * rate])


def test_a_channel_of_mixed_audio_says_what_to_set(
    attempt_steps: Callable[..., dict[str, StepRecord]], sample_wav: Path
) -> None:
    second = {"operators": [{"name": "channel_select", "parameters": {"channel": 2}}]}
    record = attempt_steps(sample_wav, "ingest", parameters={"ingest": second})["ingest"]
    assert record.status == "failed"
    assert "Set ingest.channels=keep" in str(record.error)
