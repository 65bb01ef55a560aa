"""hibari's voice: what a recogniser hears of it, and that the same is said the same way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from modellab.errors import WeightsMissing
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

from .voices import missed, say

LoadModel = Callable[[str], Any]


def test_tiny_whisper_hears_what_it_says(load_model: LoadModel) -> None:
    sound = say(load_model("hibari_tts"))
    assert sound.sample_rate_hz == 24_000 and sound.samples.dtype == np.float32
    assert len(missed(sound, load_model)) <= 2


def test_the_same_seed_gives_the_same_samples_also_from_threads(load_model: LoadModel) -> None:
    voice = load_model("hibari_tts")
    first = say(voice).samples
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda _: say(voice).samples, range(4)))
    assert all(np.array_equal(first, other) for other in others)
    assert not np.array_equal(first, say(voice, seed=1).samples)


def test_twice_the_speed_takes_about_half_the_time(load_model: LoadModel) -> None:
    voice = load_model("hibari_tts")
    assert 0.4 < say(voice, speed=2.0).duration_s / say(voice).duration_s < 0.65


def test_of_letters_it_does_not_know_it_says_nothing(load_model: LoadModel) -> None:
    assert len(say(load_model("hibari_tts"), "漢字").samples) == 0


def test_a_voice_that_is_not_here_is_never_fetched_by_the_package(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hibari.voices.download", lambda *given: pytest.fail("it downloads"))
    registry = ModelRegistry()
    with Models(lab, registry) as models, pytest.raises(WeightsMissing, match="hibari_tts:emma") as missing:
        models.acquire(registry.resolve("hibari_tts:emma")[1])
    assert "hibari_tts:heart" in str(missing.value.told())
