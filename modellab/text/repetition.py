"""Phrases that come over and over in a row: what a speech model writes when it is caught in a loop.

People repeat themselves too ("no, no, no, no"), so how often is too often hangs on the phrase's length. Case,
punctuation and where utterances end don't matter; in scripts without spaces characters are compared, since models cut
such text into words differently each time.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.text.runs import runs

_TIMES = ((0.5, 8), (1.0, 6), (4.0, 4), (float("inf"), 3))
"""A phrase of up to so many words is a loop from so many times in a row on."""
_LEAST_TIMES = min(times for _, times in _TIMES)
_UNSPACED_WORDS = 0.5
"""A character of a script without spaces counts as half a word."""
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0fff"  # Thai, Lao, Tibetan
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff"  # kana
    "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "]"
)
_APOSTROPHES = "'\u2019"
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Repetition:
    """A phrase that comes several times in a row."""

    first_word: int
    """Number of the first word, of those given."""
    end_word: int
    """Number of the word after the last."""
    times: int
    """How often, in full."""
    text: str
    """The phrase as it is written the first time."""

    @property
    def shown(self) -> str:
        """The phrase as a quotation, cut to what fits a sentence, without the end of its own."""
        quoted = self.text.rstrip(".,;:。、，")
        return quoted if len(quoted) <= _SHOWN_CHARACTERS else f"{quoted[: _SHOWN_CHARACTERS - 1]}…"


def repetitions(words: Sequence[str]) -> list[Repetition]:
    """Loops in words as they were written, in order; of loops within each other the one with the shortest phrase."""
    units, numbers = units_of(words)
    weights = np.array([_UNSPACED_WORDS if _UNSPACED.match(unit) else 1.0 for unit in units])
    behind = np.concatenate([[0.0], np.cumsum(weights)])
    codes = np.unique(np.array(units, dtype=object), return_inverse=True)[1] if units else np.empty(0, dtype=np.int64)
    found: list[Repetition] = []
    taken = np.zeros(len(units), dtype=bool)
    for run in runs(codes, times=_LEAST_TIMES):
        start, end, period = run.start, run.end, run.period
        times = (end - start) // period
        if times < _too_often(float(behind[start + period] - behind[start])) or taken[start:end].any():
            continue
        taken[start:end] = True
        phrase = words[numbers[start] : numbers[start + period - 1] + 1]
        found.append(Repetition(numbers[start], numbers[end - 1] + 1, times, _joined(phrase)))
    return sorted(found, key=lambda repetition: repetition.first_word)


def _too_often(words: float) -> int:
    return next(times for up_to, times in _TIMES if words <= up_to)


def units_of(words: Iterable[str]) -> tuple[list[str], list[int]]:
    """What is compared of some words, and the number of the word that each is of: plain words, in scripts without
    spaces characters."""
    units, numbers = [], []
    for number, word in enumerate(words):
        for unit in _parts(word):
            units.append(unit)
            numbers.append(number)
    return units, numbers


def plain(word: str) -> str:
    """A word without case and punctuation: `cold hearted` of `Cold-hearted,`, `dont` of `don't`."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(
        c if unicodedata.category(c)[0] in "LMN" else "" if c in _APOSTROPHES else " " for c in folded
    ).strip()


def _parts(word: str) -> Iterable[str]:
    """What of a word is compared: of `音声` each character."""
    return _UNSPACED.sub(lambda match: f" {match[0]} ", plain(word)).split()


def _joined(words: Sequence[str]) -> str:
    spaced = not any(_UNSPACED.search(word) for word in words)
    return (" " if spaced else "").join(word.strip() for word in words)
