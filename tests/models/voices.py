"""What tests of voices ask of each: to say something, and what a recogniser hears of it."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from modellab.media.audio import Audio, Waveform
from modellab.media.resampling import resample
from modellab.surfaces.results import Segment

TEXT = "Please send the quarterly report to Alice before Friday, at 4:30 p.m."
_SAID = ["please", "send", "the", "quarterly", "report", "to", "alice", "before", "friday", "4", "30"]


def say(voice: Any, text: str = TEXT, speed: float = 1.0, seed: int = 0) -> Waveform:
    sound: Waveform = voice.speak(text, voice.voices[0], voice.languages[0], speed, seed)
    return sound


def missed(sound: Waveform, load_model: Callable[[str], Any]) -> list[str]:
    """The words of `TEXT` that Whisper tiny.en does not hear."""
    resampled = resample(Audio(sound.samples[np.newaxis], sound.sample_rate_hz), 16_000)
    heard = Waveform(resampled.samples[0], 16_000)
    whole = [Segment(0.0, heard.duration_s)]
    transcript = load_model("faster_whisper:tiny.en").transcribe(heard, whole, {}, lambda fraction: None)
    words = re.findall(r"[a-z]+|\d+", transcript.text.lower())
    return [word for word in _SAID if word not in words]
