"""hibari's voice: what a recogniser hears of it, and that the same is said the same way."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from modellab.errors import WeightsMissing
from modellab.media.audio import Audio, Waveform
from modellab.media.resampling import resample
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.surfaces.results import Segment

TEXT = "Please send the quarterly report to Alice before Friday, at 4:30 p.m."


def say(voice: Any, text: str = TEXT, speed: float = 1.0, seed: int = 0) -> Waveform:
    sound: Waveform = voice.speak(text, voice.voices[0], voice.languages[0], speed, seed)
    return sound


def test_tiny_whisper_hears_what_it_says(load_model: Callable[[str], Any]) -> None:
    sound = say(load_model("hibari_tts"))
    assert sound.sample_rate_hz == 24_000 and sound.samples.dtype == np.float32
    heard_at = Waveform(resample(Audio(sound.samples[np.newaxis], 24_000), 16_000).samples[0], 16_000)
    whole = [Segment(0.0, heard_at.duration_s)]
    transcript = load_model("faster_whisper:tiny.en").transcribe(heard_at, whole, {}, lambda fraction: None)
    words = re.findall(r"[a-z]+|\d+", transcript.text.lower())
    said = ["please", "send", "the", "quarterly", "report", "to", "alice", "before", "friday", "4", "30"]
    missed = [word for word in said if word not in words]
    assert len(missed) <= 2, transcript.text


def test_the_same_seed_gives_the_same_samples_also_from_threads(load_model: Callable[[str], Any]) -> None:
    voice = load_model("hibari_tts")
    first = say(voice).samples
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda _: say(voice).samples, range(4)))
    assert all(np.array_equal(first, other) for other in others)
    assert not np.array_equal(first, say(voice, seed=1).samples)


def test_twice_the_speed_takes_about_half_the_time(load_model: Callable[[str], Any]) -> None:
    voice = load_model("hibari_tts")
    assert 0.4 < say(voice, speed=2.0).duration_s / say(voice).duration_s < 0.65


def test_of_letters_it_does_not_know_it_says_nothing(load_model: Callable[[str], Any]) -> None:
    assert len(say(load_model("hibari_tts"), "漢字").samples) == 0


def test_a_voice_that_is_not_here_is_never_fetched_by_the_package(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hibari.voices.download", lambda *given: pytest.fail("it downloads"))
    registry = ModelRegistry()
    with Models(lab, registry) as models, pytest.raises(WeightsMissing, match="hibari_tts:emma") as missing:
        models.acquire(registry.resolve("hibari_tts:emma")[1])
    assert "hibari_tts:heart" in str(missing.value.told())
