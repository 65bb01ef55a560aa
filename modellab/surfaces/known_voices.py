"""Which of a recording's speakers are people whose voices somebody made known."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RecognisedVoice:
    """A speaker whose voice is that of a known person, as far as two vectors say."""

    speaker: str
    """By the label of the turns."""
    name: str
    cosine: float
    """Of the speaker's vector and the person's, at least the threshold."""


@dataclass(frozen=True, slots=True)
class KnownVoices:
    """Those speakers that were recognised; of others nothing is said."""

    FILE: ClassVar[str] = "known_voices.json"

    recognised: list[RecognisedVoice]
    """In order of the speakers' first turns."""
    told_apart: str | None
    """Fingerprint of the result whose labels these are; None where nothing told speakers apart."""
    threshold: float
    known: int
    """People whose voices were compared."""

    def names_for(self, told_apart: str | None) -> dict[str, str]:
        """Speaker's label -> name, for the speakers of the result with that fingerprint; of another one none."""
        if told_apart is None or told_apart != self.told_apart:
            return {}
        return {one.speaker: one.name for one in self.recognised}
