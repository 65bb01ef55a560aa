"""The tts step through the engine: with the real voice, heard by a real recogniser, and with voices that go wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.media.audio import Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.pipeline.record import StepRecord
from modellab.surfaces.results import SpeechSegments, SpokenPiece, SpokenText, Transcript
from modellab.text.spoken_pieces import LONGEST_CHARACTERS

RunSteps = Callable[..., dict[str, Artifact]]
AttemptSteps = Callable[..., dict[str, StepRecord]]
MODELS = {"tts": "hibari_tts", "vad": "silero_vad", "asr": "faster_whisper:tiny.en"}
RATE = 24_000


class Known:
    """A voice that says a letter by a hundredth of a second of a known level, and nothing of Chinese."""

    voices = ("plain", "other")
    languages = ("en", "de")

    def __init__(self, level: float = 0.5, rate_hz: int = RATE, odd: int = 0) -> None:
        self._level, self._rate_hz, self._odd = level, rate_hz, odd
        self.asked: list[tuple[object, ...]] = []

    def speak(self, text: str, voice: str, language: str, speed: float, seed: int) -> Waveform:
        self.asked.append((text, voice, language, speed, seed))
        letters = sum(character.isascii() and character.isalnum() for character in text)
        samples = np.full(letters * RATE // 100, self._level, dtype=np.float32)
        samples[: self._odd] = np.nan
        return Waveform(samples, self._rate_hz)


@pytest.fixture
def use_known(monkeypatch: pytest.MonkeyPatch) -> Callable[[Known], Known]:
    def use(voice: Known) -> Known:
        monkeypatch.setattr("models.hibari_tts.adapter.load", lambda request: voice)
        return voice

    return use


def text_file(folder: Path, text: str) -> Path:
    path = folder / "say.txt"
    path.write_text(text, encoding="utf-8")
    return path


def said(artifact: Artifact) -> SpokenText:
    return artifact.read(SpokenText)


def test_what_is_said_is_audio_that_vad_and_asr_hear(run_steps: RunSteps, tmp_path: Path) -> None:
    path = text_file(
        tmp_path, "The birch canoe slid on the smooth planks.\n\nGlue the sheet to the dark blue background."
    )
    done = run_steps(path, "tts", "vad", "asr", models=MODELS)
    spoken, audio = said(done["tts"]), CanonicalAudio.open(done["tts"])
    assert set(done["tts"].manifest["files"]) == {"audio.flac", "ingest.json", "peaks.npz", "spoken.json"}
    assert (spoken.voice, spoken.language, spoken.sample_rate_hz, spoken.seed) == ("heart", "en", RATE, 0)
    first, second = spoken.pieces
    assert (first.text, second.start_s) == ("The birch canoe slid on the smooth planks.", first.end_s)
    assert second.end_s == spoken.duration_s == audio.duration_s == audio.original_duration_s
    assert all(2.0 < piece.duration_s < 6.0 and (piece.end_db or 0) < -20 for piece in spoken.pieces)
    speech = done["vad"].read(SpeechSegments)
    assert speech.duration_s == spoken.duration_s
    assert 0.5 < speech.speech_s / spoken.duration_s < 1.0
    words = {word.text.strip(".,").lower(): word for word in done["asr"].read(Transcript).words}
    assert len({"smooth", "planks", "sheet", "dark", "blue", "background"} & set(words)) >= 5
    assert words["background"].start_s > first.end_s


def test_the_sound_counts_as_what_all_its_steps_worked_on(attempt_steps: AttemptSteps, tmp_path: Path) -> None:
    path = text_file(tmp_path, "Good morning.")
    records = attempt_steps(path, "tts", "vad", "asr", models=MODELS)
    seconds = {record.audio_s for record in records.values()}
    assert len(seconds) == 1 and 1.0 < seconds.pop() < 3.0
    again = attempt_steps(path, "tts", "vad", "asr", models=MODELS)
    assert [(again[name].cached, again[name].audio_s) for name in again] == [
        (True, records[name].audio_s) for name in again
    ]


def test_the_seed_and_the_speed_decide_and_are_part_of_the_result(run_steps: RunSteps, tmp_path: Path) -> None:
    path = text_file(tmp_path, "One, two, three.")
    found = [
        run_steps(path, "tts", models=MODELS, parameters={"tts": asked})["tts"]
        for asked in ({}, {"seed": 0}, {"seed": 1}, {"speed": 1.5})
    ]
    first, same, other, faster = found
    assert first.fingerprint == same.fingerprint
    contents = {artifact.manifest["files"]["audio.flac"]["sha256"] for artifact in found}
    assert len(contents) == 3
    assert said(faster).duration_s < 0.8 * said(first).duration_s
    assert said(other).duration_s == said(first).duration_s


def test_pieces_follow_each_other_with_the_pause_that_was_asked_for(
    run_steps: RunSteps, use_known: Callable[[Known], Known], tmp_path: Path
) -> None:
    voice = use_known(Known())
    path = text_file(tmp_path, "Abc de.\n\n---\n\nFghij.")
    asked = {"voice": "other", "language": "de", "speed": 1.25, "seed": 7, "pause_ms": 250}
    done = run_steps(path, "tts", models=MODELS, parameters={"tts": asked})["tts"]
    assert voice.asked == [("Abc de.", "other", "de", 1.25, 7), ("Fghij.", "other", "de", 1.25, 7)]
    level = -6.02
    assert said(done) == SpokenText(
        [SpokenPiece("Abc de.", 0.0, 0.05, level, 0.0), SpokenPiece("Fghij.", 0.3, 0.35, level, 0.0)],
        0.35,
        RATE,
        voice="other",
        language="de",
        speed=1.25,
        seed=7,
    )
    samples, rate = soundfile.read(done.file("audio.flac"))
    assert rate == RATE
    assert np.array_equal(np.flatnonzero(samples == 0.0), np.arange(0.05 * RATE, 0.3 * RATE))


def test_a_long_text_goes_to_the_voice_in_pieces(
    run_steps: RunSteps, use_known: Callable[[Known], Known], tmp_path: Path
) -> None:
    voice = use_known(Known())
    run_steps(text_file(tmp_path, "It rained all day and all night. " * 100), "tts", models=MODELS)
    assert len(voice.asked) > 10
    assert max(len(str(asked[0])) for asked in voice.asked) <= LONGEST_CHARACTERS


def test_sound_beyond_full_scale_is_turned_down_and_counted(
    run_steps: RunSteps, use_known: Callable[[Known], Known], tmp_path: Path
) -> None:
    use_known(Known(level=2.0, odd=60))
    done = run_steps(text_file(tmp_path, "abcdefghij"), "tts", models=MODELS)["tts"]
    info = CanonicalAudio.open(done).info
    assert (info.source.non_finite_samples, info.source.full_scale_fraction) == (60, 2340 / 2400)
    assert info.attenuation_db == pytest.approx(6.02, abs=0.01)
    assert info.warnings == ["60 samples were not numbers and were set to 0"]


@pytest.mark.parametrize(
    ("text", "voice", "asked", "error"),
    [
        ("漢字。", Known(), {}, "the model says nothing of a piece of the text; found 漢字。"),
        ("abc", Known(rate_hz=16_000), {}, "found 16000 Hz; allowed: 24000 Hz"),
        ("abc", Known(), {"voice": "othr"}, "there is no voice 'othr'"),
        ("abc", Known(), {"language": "fr"}, "there is no language 'fr'"),
    ],
    ids=["nothing said", "another rate", "no such voice", "no such language"],
)
def test_what_can_not_be_said_fails_with_its_reason(
    attempt_steps: AttemptSteps,
    use_known: Callable[[Known], Known],
    tmp_path: Path,
    text: str,
    voice: Known,
    asked: dict[str, object],
    error: str,
) -> None:
    use_known(voice)
    record = attempt_steps(text_file(tmp_path, text), "tts", models=MODELS, parameters={"tts": asked})["tts"]
    assert record.status == "failed" and error in str(record.error)


@pytest.fixture
def short_recordings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_LONGEST_RECORDING_H", str(2 / 3600))


@pytest.mark.usefixtures("short_recordings_only")
def test_speech_longer_than_a_recording_may_be_is_refused(
    tmp_path: Path, use_known: Callable[[Known], Known], attempt_steps: AttemptSteps
) -> None:
    use_known(Known())
    path = text_file(tmp_path, "a" * 250)
    record = attempt_steps(path, "tts", models=MODELS)["tts"]
    assert "say.txt is longer than a recording may be when it is spoken" in str(record.error)
    assert attempt_steps(text_file(tmp_path, "a" * 199), "tts", models=MODELS)["tts"].error is None


def test_a_recording_can_not_be_said_and_a_text_not_be_ingested(
    attempt_steps: AttemptSteps, sample_wav: Path, tmp_path: Path
) -> None:
    record = attempt_steps(sample_wav, "tts", models=MODELS)["tts"]
    assert record.error_type == "InputRefused" and "is a recording" in str(record.error)
    record = attempt_steps(text_file(tmp_path, "abc"), "ingest")["ingest"]
    assert record.error_type == "InputRefused" and "say.txt is a text" in str(record.error)
