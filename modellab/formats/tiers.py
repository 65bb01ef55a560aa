"""What people mean by the tiers of a TextGrid: who says what, and when each word is said.

Two habits are known. Aligners (the Montreal Forced Aligner) write a tier of words and one of phones, named `words` and
`phones`, or `anna - words` for each speaker; people who transcribe give each speaker a tier of what they say.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from modellab.formats.textgrid import Tier
from modellab.surfaces.results import Word

_SMALLER = frozenset({"phone", "phones", "phoneme", "phonemes", "syllable", "syllables", "segments", "mau", "kan"})
"""Tiers of what is smaller than words; the last two are WebMAUS's."""
_WORDS = frozenset({"word", "words", "ort", "ort-mau"})
_SILENCE = frozenset({"", "sil", "sp", "spn", "<eps>", "<sil>", "<p:>"})
"""What aligners write where nothing is said; `spn` is noise of a mouth."""
_PARTS = re.compile(r"\s+-\s+")


@dataclass(frozen=True, slots=True)
class Said:
    """What a speaker says in one stretch."""

    start_s: float
    end_s: float
    speaker: str
    text: str


def words_in(tiers: Iterable[Tier]) -> list[Word] | None:
    """The words of tiers of words, in order of time; None where there is no such tier."""
    found = [(tier, speaker) for tier in tiers for speaker, kind in (_named(tier.name),) if kind in _WORDS]
    if not found:
        return None
    words = [
        Word(label.text, label.start_s, label.end_s, speaker=speaker)
        for tier, speaker in found
        for label in tier.labels
        if label.text.lower() not in _SILENCE and label.end_s > label.start_s
    ]
    return sorted(words, key=lambda word: (word.start_s, word.end_s))


def said_in(tiers: Iterable[Tier]) -> list[Said] | None:
    """What speakers say in tiers of their name, in order of time; None where there is no such tier."""
    found = [tier for tier in tiers if _named(tier.name)[1] not in _WORDS | _SMALLER]
    if not found:
        return None
    said = [
        Said(label.start_s, label.end_s, tier.name, label.text)
        for tier in found
        for label in tier.labels
        if label.text.lower() not in _SILENCE and label.end_s > label.start_s
    ]
    return sorted(said, key=lambda one: (one.start_s, one.end_s))


def _named(name: str) -> tuple[str | None, str]:
    """Speaker, where the name has one, and the rest in small letters."""
    *speaker, kind = _PARTS.split(name.strip())
    return " - ".join(speaker) or None, kind.lower()
