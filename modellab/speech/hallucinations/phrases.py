"""Phrases that models are known to make up, from `phrases.yaml`.

People say many of them too: those are told only when something else speaks against them. Who made some subtitles is
said by nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from modellab.outside import read_yaml
from modellab.speech.hallucinations.flags import Flag, FlagKind, Heard, Strength, flag
from modellab.text.repetition import units_of

_FILE = Path(__file__).with_name("phrases.yaml")


@dataclass(frozen=True, slots=True)
class KnownPhrase:
    """A phrase, and where somebody reported it."""

    text: str
    language: str
    """ISO 639-1 code."""
    kind: Literal["credit", "said"]
    source: str
    """Address of the report."""

    @property
    def units(self) -> tuple[str, ...]:
        """What of it is compared."""
        return tuple(units_of(self.text.split())[0])


def known_phrases(heard: Heard) -> Iterator[Flag]:
    """Where a known phrase is written, the longest of those that begin with the same word."""
    units, numbers = units_of(word.text for word in heard.words)
    index, place = _by_first_unit(), 0
    while place < len(units):
        candidates = index.get(units[place], ())
        found = next((c for c in candidates if tuple(units[place : place + len(c.units)]) == c.units), None)
        if found is None:
            place += 1
            continue
        end = place + len(found.units)
        credit = found.kind == "credit"
        because = "nobody says it aloud" if credit else "people say it too"
        yield flag(
            heard,
            FlagKind.KNOWN_PHRASE,
            Strength.STRONG if credit else Strength.WEAK,
            (numbers[place], numbers[end - 1] + 1),
            f"Models are known to make “{found.text}” up where nobody speaks; {because}.",
            words=numbers[end - 1] + 1 - numbers[place],
        )
        place = end


@cache
def phrases() -> tuple[KnownPhrase, ...]:
    """All that are known, in the file's order."""
    content = read_yaml(_FILE)
    sources = content["sources"]
    return tuple(
        KnownPhrase(each["text"], each["language"], each["kind"], sources[each["source"]])
        for each in content["phrases"]
    )


@cache
def _by_first_unit() -> dict[str, tuple[KnownPhrase, ...]]:
    found: dict[str, list[KnownPhrase]] = {}
    for phrase in sorted(phrases(), key=lambda each: -len(each.units)):
        found.setdefault(phrase.units[0], []).append(phrase)
    return {first: tuple(each) for first, each in found.items()}
