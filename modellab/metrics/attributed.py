"""Who said which words, and when: a reference and a transcript as utterances of normalised words with times.

An utterance is normalised as a whole, for numbers and contractions go over several words; the times of its words are
then found by their place among the characters: within the times of the words as they were written where there are any,
within the utterance where not (meeteval's `character_based`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from modellab.datasets.reference import Reference
from modellab.metrics.normalisers import Normaliser
from modellab.metrics.spoken import text_of, words_within
from modellab.surfaces.results import Segment, Transcript, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOBODY = ""
"""The speaker of words that nobody is named for."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one speaker said in one stretch."""

    speaker: str
    tokens: Sequence[str]
    """Words, or characters in languages written without spaces."""
    times_s: Sequence[tuple[float, float]]
    """Of each token its start and end."""

    @property
    def start_s(self) -> float:
        return self.times_s[0][0]


def said(reference: Reference, normaliser: Normaliser) -> list[Spoken] | None:
    """The reference's utterances in order of start; None where it is not known who said what.

    Those whose middle is outside what is evaluated are left out.
    """
    if reference.utterances is not None:
        spans = [Word(one.text, one.start_s, one.end_s, speaker=one.speaker) for one in reference.utterances]
        return _in_order([spoken_of([one], normaliser) for one in words_within(spans, reference.evaluated)])
    if reference.words is not None and all(word.speaker is not None for word in reference.words):
        return _in_order(_runs(words_within(reference.words, reference.evaluated), normaliser))
    return None


def heard(transcript: Transcript, evaluated: Sequence[Segment] | None, normaliser: Normaliser) -> list[Spoken]:
    """What the transcript says of whom, in order of start; words whose middle is not evaluated are left out."""
    found: list[Spoken] = []
    for one in transcript.utterances:
        words = one.words or [Word(one.text, one.start_s, one.end_s)]
        # A word's own speaker goes before its utterance's.
        owned = [word if word.speaker is not None else _given(word, one.speaker) for word in words]
        found += _runs(words_within(owned, evaluated), normaliser)
    return _in_order(found)


def streams(spoken: Iterable[Spoken]) -> dict[str, list[Spoken]]:
    """Speaker -> their utterances, in order of start."""
    by_speaker: dict[str, list[Spoken]] = {}
    for one in spoken:
        by_speaker.setdefault(one.speaker, []).append(one)
    return by_speaker


def tokens_of(spoken: Iterable[Spoken]) -> list[str]:
    """All words, one utterance after the other."""
    return [token for one in spoken for token in one.tokens]


def times_of(spoken: Iterable[Spoken]) -> list[tuple[float, float]]:
    """Start and end of all words, in the order of `tokens_of`."""
    return [times for one in spoken for times in one.times_s]


def spoken_of(words: Sequence[Word], normaliser: Normaliser) -> Spoken:
    """Words of one speaker as one utterance. A word may be a whole text of which only start and end are known."""
    tokens = normaliser.tokens(text_of(words))
    return Spoken(words[0].speaker or NOBODY, tokens, _times(tokens, words))


def _given(word: Word, speaker: str | None) -> Word:
    return Word(word.text, word.start_s, word.end_s, word.probability, word.space_before, speaker)


def _runs(words: Iterable[Word], normaliser: Normaliser) -> list[Spoken]:
    return [spoken_of(list(run), normaliser) for _, run in groupby(words, key=lambda word: word.speaker)]


def _in_order(spoken: Iterable[Spoken]) -> list[Spoken]:
    return sorted((one for one in spoken if one.tokens), key=lambda one: one.start_s)


def _times(tokens: Sequence[str], words: Sequence[Word]) -> list[tuple[float, float]]:
    if not tokens:
        return []
    lengths = np.array([max(1, len(word.text)) for word in words])
    ends = np.cumsum(lengths)
    edges = np.concatenate([[0], np.cumsum([len(token) for token in tokens])])
    places = edges * ends[-1] / edges[-1]
    # A token begins in the word that begins where it does, and ends in the one that ends there.
    first = np.minimum(np.searchsorted(ends, places[:-1], side="right"), len(words) - 1)
    last = np.minimum(np.searchsorted(ends, places[1:], side="left"), len(words) - 1)

    spans = np.array([(word.start_s, word.end_s) for word in words])

    def time_at(place: "NDArray[np.float64]", word: "NDArray[np.int64]") -> list[float]:
        share = (place - (ends[word] - lengths[word])) / lengths[word]
        times: list[float] = (spans[word, 0] + share * (spans[word, 1] - spans[word, 0])).tolist()
        return times

    # Where words overlap in time, a token over two of them could end before it begins.
    return [
        (start_s, max(start_s, end_s))
        for start_s, end_s in zip(time_at(places[:-1], first), time_at(places[1:], last), strict=True)
    ]
