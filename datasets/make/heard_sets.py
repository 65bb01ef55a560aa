"""classify_smoke_v1 and embed_smoke_v1: sounds and voices of which it is known what and whose they are."""

from asr_sets import condition
from corpus import Corpus, Given, case, speech_source
from scripts import Utterance, utterances

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

DOMAINS = ("dates", "meeting", "names")
"""Whose sentences each voice says in embed_smoke_v1."""


def make(corpus: Corpus) -> None:
    """Write both sets."""
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
    said = [utterance for utterance in utterances() if utterance.domain in DOMAINS]
    corpus.manifest(
        "embed_smoke_v1",
        "eight synthetic voices saying three sentences each, clean, in noise, over a telephone: whose is the nearest?",
        ["embed"],
        [_voice(corpus, one) for one in said],
    )


def _voice(corpus: Corpus, said: Utterance) -> Given:
    """A sentence as asr_golden_v1 has it, with whatever is done to it there."""
    noise, _ = condition(utterances().index(said))
    source = speech_source(said) if noise == "clean" else corpus.made(f"asr/{said.id}")
    return case(said.id, source, {}, {"noise": noise, "sex": said.voice.sex}, [said.voice.id])


def _speech() -> list[Given]:
    """One utterance of each voice."""
    first = {utterance.voice.id: utterance for utterance in reversed(utterances())}
    return [
        case(f"speech-{voice}", speech_source(first[voice]), {"labels": ["Speech"]}, {"kind": "speech"}, [voice])
        for voice in sorted(first)
    ]
