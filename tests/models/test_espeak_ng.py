"""eSpeak NG: what a recogniser hears of it, that it says the same each time, and what it can't say."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from modellab.errors import StepFailed
from models.espeak_ng.adapter import ESpeak

from .voices import missed, say

pytest.importorskip("espeakng_loader", reason="the extra `espeak` is not installed")
LoadModel = Callable[[str], Any]


@pytest.fixture(scope="module")
def espeak(load_model: LoadModel) -> ESpeak:
    loaded: ESpeak = load_model("espeak_ng")
    return loaded


def test_tiny_whisper_hears_most_of_what_it_says(espeak: ESpeak, load_model: LoadModel) -> None:
    sound = say(espeak)
    assert sound.sample_rate_hz == 22_050 and sound.samples.dtype == np.float32
    assert 0.1 < np.abs(sound.samples).max() <= 1.0
    # A robot's voice: half of the words are more than chance and less than what people get.
    assert len(missed(sound, load_model)) <= 5


def test_it_says_the_same_each_time_whatever_was_said_before_and_from_threads(espeak: ESpeak) -> None:
    first = say(espeak).samples
    espeak.speak("Guten Tag.", "woman", "de", 1.0, 0)
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda seed: say(espeak, seed=seed).samples, range(4)))
    assert all(np.array_equal(first, other) for other in others)


def test_every_language_and_voice_sounds_its_own_way(espeak: ESpeak) -> None:
    said = {(voice, "en"): say_in(espeak, voice, "en") for voice in espeak.voices}
    said |= {("standard", language): say_in(espeak, "standard", language) for language in espeak.languages}
    assert len(espeak.languages) == 17 and len(said) == 19
    assert len({samples.tobytes() for samples in said.values()}) == 19


def say_in(espeak: ESpeak, voice: str, language: str) -> "np.ndarray[Any, Any]":
    return espeak.speak("Dora has 21.", voice, language, 1.0, 0).samples


def test_twice_the_speed_takes_about_half_the_time(espeak: ESpeak) -> None:
    assert 0.4 < say(espeak, speed=2.0).duration_s / say(espeak).duration_s < 0.65


@pytest.mark.parametrize("text", ["", "...", "\0"])
def test_of_nothing_it_says_nothing(espeak: ESpeak, text: str) -> None:
    assert len(say(espeak, text).samples) == 0


def test_what_the_library_refuses_is_an_error_in_its_words(espeak: ESpeak) -> None:
    with pytest.raises(StepFailed, match="eSpeak NG can't say a text") as failed:
        espeak.speak("Hello.", "standard", "xx", 1.0, 0)
    assert "it has no voice xx" in str(failed.value.told())
