"""How words that were heard right are written: punctuation and case.

Only words that are the same but for case are looked at, so a word that was misheard is no error of writing. What it
does not say: whether a sentence can be read, or which of two defensible commas is better.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import NamedTuple

from modellab.metrics.alignment import Alignment, align
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same texts would give other counts."""

_MARKS = {
    **{mark: mark for mark in ".,?!;:…"},
    **dict(zip("。．｡，、،？؟！；؛：", "...,,,??!;;:", strict=True)),
}
"""Marks that are compared -> as what: those of other scripts are the same as their Latin ones."""
_ASIDE = re.compile(r"[<\[][^>\]]*[>\]]|\([^)]+?\)")
"""What stands in brackets is no speech, for Whisper's normalisers as well."""
_PARTS = re.compile(r"[-\u2010-\u2015/]+")
"""`well-known` is two words, as Whisper's normalisers have it."""


class WrittenWord(NamedTuple):
    """A word of a text."""

    letters: str
    """Its letters and digits in small letters: the same for the same word, however it is written."""
    surface: str
    """Its letters and digits as they are written."""
    marks: str
    """The punctuation after it: of `_MARKS` only."""


def written_words(text: str) -> list[WrittenWord]:
    """The words of a text in a script with spaces between them."""
    found: list[WrittenWord] = []
    for chunk in _ASIDE.sub(" ", unicodedata.normalize("NFC", text)).replace("...", "…").split():
        for part in _PARTS.split(chunk):
            surface = "".join(character for character in part if _spoken(character))
            marks = "".join(_MARKS.get(character, "") for character in _ending(part))
            if surface:
                letters = unicodedata.normalize("NFKC", surface).casefold()
                found.append(WrittenWord(letters, surface, marks))
            elif found and marks:
                found[-1] = found[-1]._replace(marks=found[-1].marks + marks)
    return found


def writing_errors(reference: str, hypothesis: str) -> list[Score]:
    """`punctuation_error` and `case_error`, each where the reference is written with punctuation, with case."""
    expected, heard = written_words(reference), written_words(hypothesis)
    (found,) = align([[word.letters for word in expected]], [[word.letters for word in heard]])
    scores = []
    if any(word.marks for word in expected):
        scores.append(_punctuation(found, expected, heard))
    if _has_both_cases(expected):
        scores.append(_case(found, expected, heard))
    return scores


def punctuation_error() -> Metric:
    """Wrong, missing and needless marks, to all marks of either text (Meister et al. 2023, "LibriSpeech-PC")."""
    return Metric(
        name="punctuation_error",
        unit="ratio",
        better="lower",
        protocol=f"{''.join(dict.fromkeys(_MARKS.values()))} after words that are the same but for case",
        version=_version(),
        numerator={"substitutions": 1, "deletions": 1, "insertions": 1},
        denominator={"substitutions": 1, "deletions": 1, "insertions": 1, "hits": 1},
    )


def case_error() -> Metric:
    """Words with wrong capitals, to words that were heard right."""
    return Metric(
        name="case_error",
        unit="ratio",
        better="lower",
        protocol="words that are the same but for case",
        version=_version(),
        numerator={"wrong_case": 1},
        denominator={"words": 1},
    )


def _punctuation(found: Alignment, expected: Sequence[WrittenWord], heard: Sequence[WrittenWord]) -> Score:
    counts = dict.fromkeys(("substitutions", "deletions", "insertions", "hits"), 0)
    for one, other in _same(found, expected, heard):
        if one.marks and other.marks:
            counts["hits" if one.marks == other.marks else "substitutions"] += 1
        elif one.marks or other.marks:
            counts["deletions" if one.marks else "insertions"] += 1
    return Score(punctuation_error(), counts)


def _case(found: Alignment, expected: Sequence[WrittenWord], heard: Sequence[WrittenWord]) -> Score:
    pairs = list(_same(found, expected, heard))
    wrong = sum(one.surface != other.surface for one, other in pairs)
    return Score(case_error(), {"wrong_case": wrong, "words": len(pairs)})


def _has_both_cases(words: Sequence[WrittenWord]) -> bool:
    return any(word.surface.islower() for word in words) and any(word.surface != word.surface.lower() for word in words)


def _same(
    found: Alignment, expected: Sequence[WrittenWord], heard: Sequence[WrittenWord]
) -> Iterator[tuple[WrittenWord, WrittenWord]]:
    for one, other in found.equal():
        yield expected[one], heard[other]


def _spoken(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _ending(part: str) -> str:
    """What follows the last letter or digit."""
    end = len(part)
    while end and not _spoken(part[end - 1]):
        end -= 1
    return part[end:]


def _version() -> str:
    return f"{SCORER_VERSION}+jiwer-{version('jiwer')}"
