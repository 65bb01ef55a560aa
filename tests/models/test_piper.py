"""Piper's voice joe: what a recogniser hears of it, that it is said the same each time, and as loud as it was made."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from .voices import TEXT, missed, say

pytest.importorskip("piper", reason="the extra `piper` is not installed")
LoadModel = Callable[[str], Any]


def test_tiny_whisper_hears_what_it_says(load_model: LoadModel) -> None:
    voice = load_model("piper")
    assert (voice.voices, voice.languages) == (("joe",), ("en",))
    sound = say(voice)
    assert sound.sample_rate_hz == 22_050 and sound.samples.dtype == np.float32
    assert len(missed(sound, load_model)) <= 2


def test_nothing_is_random_also_from_threads(load_model: LoadModel) -> None:
    voice = load_model("piper")
    first = say(voice).samples
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda seed: say(voice, seed=seed).samples, range(4)))
    assert all(np.array_equal(first, other) for other in others)


def test_sentences_follow_each_other_and_none_is_brought_to_full_scale(load_model: LoadModel) -> None:
    from piper import SynthesisConfig

    voice = load_model("piper")
    together = say(voice, f"{TEXT} Thank you.").samples
    parts = [say(voice, part).samples for part in (TEXT, "Thank you.")]
    assert np.array_equal(together, np.concatenate(parts))
    assert all(np.abs(part).max() < 0.95 for part in parts)
    [louder] = voice._voice.synthesize("Thank you.", SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0))
    assert np.allclose(louder.audio_float_array * np.abs(parts[1]).max(), parts[1], atol=1e-6)


def test_speed_is_the_voices_own_times_a_factor(load_model: LoadModel) -> None:
    voice = load_model("piper")
    assert 0.4 < say(voice, speed=2.0).duration_s / say(voice).duration_s < 0.65
    assert len(say(voice, "...").samples) < 22_050
