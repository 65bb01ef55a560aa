"""All detectors over one transcript, and what they say together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from modellab.speech.hallucinations import acoustics, languages, loops, outside, phrases, rates
from modellab.speech.hallucinations.flags import Flag, FlagKind, Hallucinations, Heard, Strength
from modellab.surfaces.results import Segment, Transcript

Detector = Callable[[Heard], Iterable[Flag]]

DETECTORS: Mapping[FlagKind, Detector] = {
    FlagKind.OUTSIDE_SPEECH: outside.outside_speech,
    FlagKind.NOISE_ONLY: outside.noise_only,
    FlagKind.LOOP: loops.loops,
    FlagKind.COMPRESSION: loops.compression,
    FlagKind.WORD_RATE: rates.word_rate,
    FlagKind.IMPROBABLE: rates.improbable,
    FlagKind.LANGUAGE: languages.other_language,
    FlagKind.KNOWN_PHRASE: phrases.known_phrases,
    FlagKind.UNFITTING: acoustics.unfitting,
}
"""What a detector says -> the detector. Each takes time in proportion to the words (loops: times their logarithm)."""


def find(
    transcript: Transcript, listeners: Mapping[str, Sequence[Segment]], fits: Sequence[float | None] = ()
) -> Hallucinations:
    """The words of a transcript that were probably never said.

    Args:
        transcript: words without times are not looked at.
        listeners: who said where there is speech -> where, disjoint and in order; the more different, the better.
        fits: for each of the transcript's words how well it fits the sound, by an aligner; empty where none was asked.
    """
    heard = Heard(transcript, transcript.words, listeners, fits)
    found = [flag for detector in DETECTORS.values() for flag in detector(heard)]
    return Hallucinations(
        sorted(_confirmed(found), key=lambda each: (each.first_word, each.end_word, each.kind)),
        len(heard.words),
        transcript.duration_s,
        list(listeners),
    )


def _confirmed(flags: Sequence[Flag]) -> list[Flag]:
    """The flags, of which a weak one that shares a word with one of another kind is strong."""
    in_order = sorted(flags, key=lambda each: each.first_word)
    strong: set[int] = set()
    reaching: list[Flag] = []
    for each in in_order:
        reaching = [other for other in reaching if other.end_word > each.first_word]
        for other in reaching:
            if other.kind is not each.kind:
                strong |= {id(each), id(other)}
        reaching.append(each)
    return [replace(each, strength=Strength.STRONG) if id(each) in strong else each for each in flags]
