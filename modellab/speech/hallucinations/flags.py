"""What a detector says: a span of words that were probably never said, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from modellab.surfaces.results import Segment, Transcript, Word


class FlagKind(StrEnum):
    """What speaks against some words."""

    OUTSIDE_SPEECH = "outside_speech"
    """They lie where nobody is heard to speak."""
    NOISE_ONLY = "noise_only"
    """Nobody is heard to speak in the whole recording."""
    LOOP = "loop"
    """A phrase comes over and over."""
    COMPRESSION = "compression"
    """They say little new: they compress far better than speech does."""
    WORD_RATE = "word_rate"
    """Nobody speaks so fast."""
    IMPROBABLE = "improbable"
    """The model itself did not find them likely."""
    LANGUAGE = "language"
    """They are in another language than the transcript."""
    KNOWN_PHRASE = "known_phrase"
    """A phrase that models are known to make up, from the subtitles they learned from."""
    UNFITTING = "unfitting"
    """Their sounds do not fit what is heard."""


class Strength(StrEnum):
    """How much a flag says by itself."""

    STRONG = "strong"
    """Enough to tell readers."""
    WEAK = "weak"
    """True words look like this too often: it is kept, and told when a flag of another kind says the same."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One span of words. `first_word` to `end_word` (exclusive) count `Transcript.words`."""

    kind: FlagKind
    strength: Strength
    start_s: float
    end_s: float
    first_word: int
    end_word: int
    text: str
    """The words."""
    why: str
    """In one sentence."""
    figures: Mapping[str, float]
    """What was measured and what is allowed, each in the unit that its name ends with."""


@dataclass(frozen=True, slots=True)
class Hallucinations:
    """All flags of a transcript, in order of time."""

    FILE: ClassVar[str] = "hallucinations.json"

    flags: list[Flag]
    words: int
    """Of the transcript."""
    duration_s: float
    """Of the recording."""
    listeners: list[str] = field(default_factory=list)
    """What was asked where there is speech."""

    @property
    def told(self) -> list[Flag]:
        """Those that readers are told of."""
        return [flag for flag in self.flags if flag.strength is Strength.STRONG]

    @property
    def told_words(self) -> set[int]:
        """Numbers of the words that they are about."""
        return {word for flag in self.told for word in range(flag.first_word, flag.end_word)}


@dataclass(frozen=True, slots=True)
class Heard:
    """What detectors are given."""

    transcript: Transcript
    words: Sequence[Word]
    """`transcript.words`."""
    listeners: Mapping[str, Sequence[Segment]]
    """Who said where there is speech -> where: disjoint, in order."""
    fits: Sequence[float | None] = ()
    """For each word how well it fits the sound, by an aligner (`FittedWord.score`); empty where none was asked."""


def flag(heard: Heard, kind: FlagKind, strength: Strength, span: tuple[int, int], why: str, **figures: float) -> Flag:
    """A flag over some words of a transcript.

    Args:
        span: number of the first word, and of the one behind the last.
    """
    said = heard.words[slice(*span)]
    return Flag(
        kind,
        strength,
        min(word.start_s for word in said),
        max(word.end_s for word in said),
        *span,
        "".join((" " if word.space_before else "") + word.text for word in said).strip(),
        why,
        {name: round(value, 4) for name, value in figures.items()},
    )


def stretches(marked: Sequence[bool]) -> list[tuple[int, int]]:
    """Runs of what is marked, as first number and the number behind the last."""
    found: list[tuple[int, int]] = []
    for number, yes in enumerate(marked):
        if yes and found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        elif yes:
            found.append((number, number + 1))
    return found
