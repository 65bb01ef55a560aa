"""Calls with a channel for each speaker, through the engine with real models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.formats.rttm import read_rttm
from modellab.formats.spoken import read_stm
from modellab.metrics.diarization import diarization_error
from modellab.metrics.transcription import transcription_error
from modellab.pipeline.record import StepRecord
from modellab.steps import channels
from modellab.steps.channels import ChannelSpeaker, ChannelSpeakers, channel_name, voices
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript
from modellab.warehouse.schema import columns_by_table

RunSteps = Callable[..., dict[str, Artifact]]
AttemptSteps = Callable[..., dict[str, StepRecord]]
MODELS = {"channels": "silero_vad", "vad": "silero_vad", "asr": "faster_whisper:base"}
KEEP = {"ingest": {"channels": "keep"}}
CHAIN = ("ingest", "channels", "asr")
SPEAKERS = {"austen": "Left", "LJ": "Right"}


@pytest.fixture(scope="module")
def stems(data: Path) -> list[np.ndarray]:
    """Two readers of the crafted conversation, 51 s each."""
    return [soundfile.read(data / f"crafted-conversation/conv4.{name}.flac")[0] for name in SPEAKERS]


def call(path: Path, stems: list[np.ndarray], bleed_db: float | None) -> Path:
    """A stereo call: each channel with its reader, and the other that much quieter."""
    left, right = stems
    gain = 0.0 if bleed_db is None else 10 ** (bleed_db / 20)
    soundfile.write(path, np.stack([left + gain * right, right + gain * left], axis=1), 16_000)
    return path


@pytest.mark.realdata
@pytest.mark.parametrize("bleed_db", [None, -30.0, -20.0])
def test_two_channels_are_two_speakers_whatever_leaks_between_them(
    run_steps: RunSteps, data: Path, stems: list[np.ndarray], tmp_path: Path, bleed_db: float | None
) -> None:
    artifact = run_steps(
        call(tmp_path / "call.wav", stems, bleed_db), "ingest", "channels", models=MODELS, parameters=KEEP
    )["channels"]
    found = artifact.read(Diarization)
    assert found.speakers == ["Left", "Right"]
    reference = [
        turn for turn in read_rttm(data / "crafted-conversation/conv4.rttm")["conv4"] if turn.speaker in SPEAKERS
    ]
    error = diarization_error(reference, found.turns, evaluated=[Segment(0.0, found.duration_s)])
    assert error.value is not None
    assert error.value < 0.08
    assert error["confusion_s"] < 0.1
    left, right = artifact.read(ChannelSpeakers).channels
    assert (left.speaker, right.speaker) == ("Left", "Right")
    if bleed_db is None:
        assert left.leaked_s + right.leaked_s < 0.5  # syllables that die away under the other's voice
    else:
        assert left.leaked_s + right.leaked_s > 7
    assert artifact.summary["speech_s"] == {"Left": left.speech_s, "Right": right.speech_s}
    assert left.speech_s == pytest.approx(sum(t.duration_s for t in found.turns if t.speaker == "Left"), abs=0.002)
    assert artifact.summary["overlap_s"] > 4
    speech = artifact.read(SpeechSegments)
    assert speech.speech_s == pytest.approx(left.speech_s + right.speech_s - artifact.summary["overlap_s"], abs=0.01)
    rows = {name: list(rows) for name, rows in channels.tables(artifact).items()}
    assert [row["speaker"] for row in rows["segments"]] == [turn.speaker for turn in found.turns]
    assert set(rows["segments"][0]) <= set(columns_by_table()["segments"])
    assert artifact.file("diarization.rttm").read_text().count("<NA> <NA> Left <NA> <NA>") == len(
        [turn for turn in found.turns if turn.speaker == "Left"]
    )


@pytest.mark.realdata
def test_each_channel_is_written_down_whole_where_both_talk_at_once(
    run_steps: RunSteps, data: Path, stems: list[np.ndarray], tmp_path: Path
) -> None:
    path = call(tmp_path / "call.wav", stems, -20.0)
    transcript = run_steps(path, *CHAIN, models=MODELS, parameters=KEEP)["asr"].read(Transcript)
    said = read_stm(data / "crafted-conversation/conv4.stm")
    for reader, speaker in SPEAKERS.items():
        reference = " ".join(line.text for line in said if line.speaker == reader)
        heard = " ".join(word.text for word in transcript.words if word.speaker == speaker)
        error = transcription_error(reference, heard, "en")
        assert error.denominator > 40
        assert error.numerator <= 4
    assert {word.speaker for word in transcript.words} == {"Left", "Right"}
    starts = [utterance.start_s for utterance in transcript.utterances]
    assert starts == sorted(starts)
    assert transcript.language == "en"
    overlapping = [
        (one.speaker, other.speaker)
        for one, other in zip(transcript.utterances, transcript.utterances[1:], strict=False)
        if other.start_s < one.end_s
    ]
    assert overlapping
    assert all(one != other for one, other in overlapping)


@pytest.mark.realdata
def test_the_real_stereo_file_whose_speakers_talk_at_once_from_the_start(run_steps: RunSteps, data: Path) -> None:
    path = data / "stereo-mp3-whisper/stereo_diarization.wav"
    done = run_steps(path, *CHAIN, models=MODELS, parameters=KEEP)
    transcript = done["asr"].read(Transcript)
    assert [(utterance.speaker, utterance.text) for utterance in transcript.utterances] == [
        ("Left", "He began a confused complaint against the wizard who had vanished behind the curtain on the left."),
        ("Right", "The horizon seems extremely distant."),
    ]


def test_times_are_the_original_recordings_after_silence_was_cut(
    run_steps: RunSteps, sample_wav: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    silence = np.zeros(20 * rate, dtype=np.float32)
    path = tmp_path / "late.wav"
    left = np.concatenate([silence, samples])
    soundfile.write(path, np.stack([left, np.zeros_like(left)], axis=1), rate)
    fast = {**MODELS, "asr": "faster_whisper:tiny.en"}
    trim = {"ingest": {"channels": "keep", "operators": [{"name": "trim_silence"}]}}
    late = run_steps(path, *CHAIN, models=fast, parameters=trim)
    plain = run_steps(sample_wav, "ingest", "vad", "asr", models=fast)
    first = plain["asr"].read(Transcript).words[0]
    word = late["asr"].read(Transcript).words[0]
    assert (word.text, word.speaker) == (first.text, "Left")
    assert word.start_s == pytest.approx(first.start_s + 20, abs=0.4)


def test_a_silent_channel_has_no_speaker(run_steps: RunSteps, sample_wav: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "one.wav"
    soundfile.write(path, np.stack([np.zeros_like(samples), samples], axis=1), rate)
    artifact = run_steps(path, "ingest", "channels", models=MODELS, parameters=KEEP)["channels"]
    assert artifact.read(Diarization).speakers == ["Right"]
    left, right = artifact.read(ChannelSpeakers).channels
    assert left == ChannelSpeaker(0, "Left", 0.0, 0.0)
    assert right.speech_s > 20
    assert [(voice.channel, voice.speaker) for voice in voices(artifact)] == [(1, "Right")]


def test_without_any_speech_no_model_for_words_is_loaded(attempt_steps: AttemptSteps, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros((3 * 16_000, 2), dtype=np.float32), 16_000)
    records = attempt_steps(path, *CHAIN, models=MODELS, parameters=KEEP)
    assert [record.status for record in records.values()] == ["completed"] * 3
    assert records["asr"].load_s == 0.0


def test_surround_sound_is_channels_like_any_other(run_steps: RunSteps, sample_wav: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "film.flac"
    silence = np.zeros_like(samples)
    front = 0.1 * samples
    soundfile.write(path, np.stack([front, 0.5 * front, samples, silence, silence, silence], axis=1), rate)
    artifact = run_steps(path, "ingest", "channels", models=MODELS, parameters=KEEP)["channels"]
    assert artifact.read(Diarization).speakers == ["Channel 3"]
    assert set(artifact.summary["leaked_s"]) == {f"Channel {number}" for number in range(1, 7)}
    assert artifact.file("diarization.rttm").read_text().splitlines()[0].split()[7] == "Channel_3"


def test_names_of_channels() -> None:
    assert [channel_name(channel, 2) for channel in range(2)] == ["Left", "Right"]
    assert [channel_name(channel, 3) for channel in range(3)] == ["Channel 1", "Channel 2", "Channel 3"]


def test_one_channel_is_refused_with_what_to_do(attempt_steps: AttemptSteps, sample_wav: Path, tmp_path: Path) -> None:
    record = attempt_steps(sample_wav, "ingest", "channels", models=MODELS, parameters=KEEP)["channels"]
    assert record.error == (
        "the channels of sample.wav can't tell its speakers apart; found 1 channel; allowed: 2 channels or more, each "
        "with one speaker. Run the pipeline meeting on it: it tells speakers apart by their voices."
    )
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([samples, samples[::-1]], axis=1), rate)
    record = attempt_steps(path, "ingest", "channels", models=MODELS)["channels"]
    assert record.error == (
        "the channels of stereo.wav can't tell its speakers apart; found 1 channel, mixed from the recording's 2; "
        "allowed: 2 channels or more, each with one speaker. Set ingest.channels=keep, and use no step before this one "
        "that mixes them."
    )


@pytest.mark.parametrize("second", [1.0, -0.4])
def test_stereo_that_is_mono_is_refused(
    attempt_steps: AttemptSteps, sample_wav: Path, tmp_path: Path, second: float
) -> None:
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    path = tmp_path / "fake.wav"
    soundfile.write(path, np.stack([samples, second * samples], axis=1), rate)
    record = attempt_steps(path, "ingest", "channels", models=MODELS, parameters=KEEP)["channels"]
    assert record.status == "failed"
    assert record.error == (
        "the channels of fake.wav can't tell its speakers apart; found the same sound in channels 1 and 2 (correlation "
        "1.000); allowed: a channel for each speaker. Run the pipeline meeting on it: it tells speakers apart by their "
        "voices."
    )
