"""A transcript as sentences that know their words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from modellab.surfaces.results import Transcript, Word
from modellab.text.results import Evidence

_PAUSE_S = 2.0
"""A silence this long ends a sentence, whatever the punctuation: recognisers often leave the full stop out."""
_LONGEST_WORDS = 60
"""A stretch without punctuation is cut at its longest pauses until no piece is longer."""
_HIDDEN_STOP = re.compile(r"(\b[a-z]{2,}[.?!]) (?=I(?:['’ ]))")
"""pysbd takes "me. I'll" for an abbreviation; a line break in place of the space makes it see the end."""
_DEFAULT_LANGUAGE = "en"
"""pysbd's rules for languages it has none for: Latin punctuation is nearly the same everywhere."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Consecutive words of one speaker. `first_word` to `end_word` (exclusive) count `Transcript.words`."""

    text: str
    start_s: float
    end_s: float
    speaker: str | None
    first_word: int
    end_word: int

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def words(self) -> int:
        return self.end_word - self.first_word

    def evidence(self) -> Evidence:
        """The whole sentence as evidence."""
        return Evidence(self.start_s, self.end_s, self.speaker, self.first_word, self.end_word, self.text)


def join_words(words: Sequence[Word]) -> str:
    """The words as text, with spaces where the language has them."""
    return "".join((" " if word.space_before else "") + word.text for word in words).strip()


def split_sentences(transcript: Transcript) -> list[Sentence]:
    """Sentences in order of time. Each word is in exactly one; none crosses a change of speaker.

    A word without a speaker stays with the words before it. Boundaries come from pysbd's rules for the transcript's
    language, from pauses, and, where there is no punctuation at all, from the longest pauses.
    """
    words = transcript.words
    sentences: list[Sentence] = []
    for start, end in _stretches(words):
        for first, last in _punctuated(words, start, end, transcript.language):
            sentences.extend(_sentence(words, *piece) for piece in _cut_long(words, first, last))
    return sentences


def _sentence(words: Sequence[Word], first: int, end: int) -> Sentence:
    said = words[first:end]
    speaker = next((word.speaker for word in said if word.speaker is not None), None)
    return Sentence(join_words(said), said[0].start_s, max(word.end_s for word in said), speaker, first, end)


def _stretches(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Ranges of words without a change of speaker or a long pause."""
    start, speaker = 0, words[0].speaker if words else None
    for index in range(1, len(words)):
        word = words[index]
        turns = word.speaker is not None and speaker is not None and word.speaker != speaker
        if turns or word.start_s - words[index - 1].end_s >= _PAUSE_S:
            yield start, index
            start, speaker = index, word.speaker
        else:
            speaker = speaker or word.speaker
    if words:
        yield start, len(words)


def _punctuated(words: Sequence[Word], start: int, end: int, language: str | None) -> Iterator[tuple[int, int]]:
    """A stretch cut after the punctuation that ends a sentence; a boundary inside a word is none."""
    begins: dict[int, int] = {}
    text = ""
    for index in range(start, end):
        text += " " if text and words[index].space_before else ""
        begins[len(text)] = index
        text += words[index].text
    first, place = start, 0
    for piece in segmenter(language).segment(_HIDDEN_STOP.sub(r"\1\n", text)):
        place = text.find(piece.strip(), place)
        if place < 0:  # pysbd rewrote the text here: no boundary that can be trusted
            break
        index = begins.get(place, first)
        if index > first:
            yield first, index
            first = index
        place += len(piece.strip())
    yield first, end


def _cut_long(words: Sequence[Word], first: int, end: int) -> Iterator[tuple[int, int]]:
    if end - first <= _LONGEST_WORDS:
        yield first, end
        return
    margin = _LONGEST_WORDS // 6  # no piece of a word or two
    cut = max(range(first + margin, end - margin), key=lambda i: words[i].start_s - words[i - 1].end_s)
    yield from _cut_long(words, first, cut)
    yield from _cut_long(words, cut, end)


@cache
def segmenter(language: str | None) -> Any:
    """pysbd's rules of where sentences end in a language (ISO 639-1); those of English where it has none."""
    import pysbd  # compiles its rules on import
    from pysbd.languages import LANGUAGE_CODES

    known = language if language in LANGUAGE_CODES else _DEFAULT_LANGUAGE
    return pysbd.Segmenter(language=known, clean=False)


_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def tokens(text: str) -> list[str]:
    """Lower-case words without punctuation; an apostrophe inside a word stays, as the plain one."""
    return [token.replace("’", "'") for token in _TOKEN.findall(text.lower())]
