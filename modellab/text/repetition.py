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

LONGEST_WORDS = 30
"""Phrases up to so many words are looked for: half a minute of speech holds no three of longer ones."""
_TIMES = ((0.5, 8), (1.0, 6), (4.0, 4), (float("inf"), 3))
"""A phrase of up to so many words is a loop from so many times in a row on."""
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
    units, numbers = _units(words)
    weights = np.array([_UNSPACED_WORDS if _UNSPACED.match(unit) else 1.0 for unit in units])
    codes = np.unique(np.array(units, dtype=object), return_inverse=True)[1] if units else np.empty(0, dtype=np.int64)
    found: list[Repetition] = []
    taken = np.zeros(len(units), dtype=bool)
    for period in range(1, min(int(LONGEST_WORDS / _UNSPACED_WORDS), len(units) // 2) + 1):
        for start, end in _runs(codes[period:] == codes[:-period]):
            behind = end + period
            length = float(weights[start : start + period].sum())
            times = (behind - start) // period
            if length > LONGEST_WORDS or times < _too_often(length) or taken[start:behind].any():
                continue
            taken[start:behind] = True
            phrase = words[numbers[start] : numbers[start + period - 1] + 1]
            found.append(Repetition(numbers[start], numbers[behind - 1] + 1, times, _joined(phrase)))
    return sorted(found, key=lambda repetition: repetition.first_word)


def _too_often(words: float) -> int:
    return next(times for up_to, times in _TIMES if words <= up_to)


def _units(words: Sequence[str]) -> tuple[list[str], list[int]]:
    """What is compared, and the number of the word that each is of."""
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


def _runs(flags: np.ndarray) -> Iterable[tuple[int, int]]:
    """Start and end of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _joined(words: Sequence[str]) -> str:
    spaced = not any(_UNSPACED.search(word) for word in words)
    return (" " if spaced else "").join(word.strip() for word in words)
