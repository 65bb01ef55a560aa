"""classify_smoke_v1: sounds of which it is known by construction what they are."""

from corpus import Corpus, Given, case, speech_source
from scripts import utterances

LABELS = {
    "silence": "Silence",
    "silence-short": "Silence",
    "hiss": "White noise",
    "pink": "Pink noise",
    "hum": "Mains hum",
    "dial-tone": "Dial tone",
    "busy-tone": "Busy signal",
    "sweep": "Chirp tone",
    "strings": "Music",
    "band": "Music",
}
"""Sounds of hallucination_v1 -> their class, by the names that AudioSet has for them."""


def make(corpus: Corpus) -> None:
    """Write the set."""
    sounds = [
        case(name, corpus.made(f"hallucination/{name}"), {"labels": [label]}, {"kind": label.lower()})
        for name, label in LABELS.items()
    ]
    corpus.manifest(
        "classify_smoke_v1",
        "speech, music, noise, tones and silence made by script, with their classes as AudioSet names them",
        ["classify"],
        [*sounds, *_speech()],
    )


def _speech() -> list[Given]:
    """One utterance of each voice."""
    first = {utterance.voice.id: utterance for utterance in reversed(utterances())}
    return [
        case(f"speech-{voice}", speech_source(first[voice]), {"labels": ["Speech"]}, {"kind": "speech"}, [voice])
        for voice in sorted(first)
    ]
