"""Synthesised speech: round trip, DNSMOS, health and speed, with exact components."""

from collections.abc import Callable

import numpy as np
import pytest
from speechmos import dnsmos

from modellab.datasets.reference import Reference
from modellab.media.audio import Samples, Waveform
from modellab.metrics.score import Score
from modellab.metrics.suites import tts
from modellab.metrics.synthesis import health
from modellab.metrics.transcription import transcription_error

Speech = Callable[..., Samples]
PROMPT = Reference(language="en", prompt="The quick brown fox jumps over the lazy dog, and over 20 others.")


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric.name: score for score in scores}


def healthy(samples: Samples, rate_hz: int = 1_000, text: str = "ten words ") -> dict[str, Score]:
    return by_name(health(text, Waveform(samples.astype(np.float32), rate_hz)))


def test_everything_there_is_to_say_of_a_voice(speech: Speech) -> None:
    sound = Waveform(speech(9.5), 16_000)
    heard = tts.Heard("the quick brown fox jumped over a lazy dog and over twenty others", "faster_whisper:base")
    found = by_name(tts.scores(PROMPT, sound, heard=heard, speed=tts.Speed(1.9, "cpu, 1 thread, warm")))
    assert set(found) == set(tts.METRICS)
    wer = transcription_error(PROMPT.prompt or "", heard.text, "en")
    assert wer.numerator == 2
    assert found["roundtrip_wer"].components == wer.components
    assert found["roundtrip_wer"].metric.protocol == f"{wer.metric.protocol}, heard by faster_whisper:base"
    # jumps, jumped: a wrong letter and one too many; the, a: a wrong letter and two too few.
    assert found["roundtrip_cer"].numerator == 5
    assert found["dnsmos_ovrl"].value == pytest.approx(dnsmos.run(sound.samples, 16_000)["ovrl_mos"], abs=1e-9)
    assert (found["rtf"].value, found["rtf"].metric.protocol) == (pytest.approx(0.2), "cpu, 1 thread, warm")
    assert found["implausible_length"].components == {"implausible": 0, "cases": 1, "sound_s": 9.5, "letters": 50}


def test_a_language_without_spaces_has_a_cer_alone_and_what_is_not_known_is_left_out() -> None:
    sound = Waveform(np.zeros(16_000, dtype=np.float32), 16_000)
    found = by_name(tts.scores(Reference(language="ja", prompt="広州市"), sound, heard=tts.Heard("広東市", "x")))
    assert "roundtrip_wer" not in found and "rtf" not in found
    assert found["roundtrip_cer"].value == pytest.approx(1 / 3)
    assert found["dnsmos_sig"].error == "it is silent"
    assert tts.scores(Reference(), sound) == []


def test_clipping_silence_and_odd_samples_are_counted() -> None:
    samples = np.full(1_000, 0.5)
    samples[:3] = (1.0, -0.9995, 0.99)
    samples[500:740] = 1e-4
    samples[900] = np.nan
    found = healthy(samples)
    assert found["clipped_share"].components == {"clipped_samples": 2, "samples": 1_000}
    assert found["silence_share"].components == {"silent_s": 0.24, "sound_s": 1.0}
    assert found["non_finite_share"].components == {"odd_samples": 1, "samples": 1_000}


@pytest.mark.parametrize(
    ("seconds", "text", "implausible"),
    [(1.0, "ten letters", 0), (5.0, "ten letters", 1), (0.5, "a" * 100, 1), (7.0, "a" * 100, 0), (0.9, "!?", 0)],
)
def test_sound_too_long_or_too_short_for_its_text_is_implausible(seconds: float, text: str, implausible: int) -> None:
    found = healthy(np.full(round(seconds * 1_000), 0.1), text=text)
    assert found["implausible_length"]["implausible"] == implausible


def test_no_sound_is_an_error_of_every_figure() -> None:
    found = by_name(tts.scores(PROMPT, Waveform(np.zeros(0, dtype=np.float32), 24_000), speed=tts.Speed(1.0, "cpu")))
    assert all(score.error for score in found.values())
    assert found["rtf"].error == found["silence_share"].error == "it holds no sound"
