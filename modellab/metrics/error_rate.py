"""Error rates as values with their counts, so that a corpus rate can't be an average of rates by mistake."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["word", "character"]


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Edit errors over a reference's length; lower is better, 0 is perfect, above 1 is possible (insertions).

    Values of one unit and normaliser add up; those of different ones refuse to.
    """

    unit: Unit
    normaliser: str
    """What both texts went through before they were compared, with its version."""
    length: int = 0
    """Units in the reference."""
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Errors over length (a ratio); None where the reference is empty and there is no rate."""
        return self.errors / self.length if self.length else None

    def __add__(self, other: "ErrorRate") -> "ErrorRate":
        if not isinstance(other, ErrorRate):
            return NotImplemented
        if (self.unit, self.normaliser) != (other.unit, other.normaliser):
            raise ValueError(
                f"error rates of {self.unit}s after {self.normaliser} and of {other.unit}s after {other.normaliser} "
                "do not add up"
            )
        return ErrorRate(
            self.unit,
            self.normaliser,
            self.length + other.length,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """Diarization error in seconds; the rate is lower the better, 0 is perfect, above 1 is possible (false alarm).

    Values measured under one protocol (collar, overlap) add up; others refuse to.
    """

    collar_s: float
    """Not scored on each side of every reference boundary; 0 scores everything."""
    skip_overlap: bool
    """Whether stretches where the reference has several speakers are left out."""
    total_s: float = 0.0
    """Reference speech, two speakers at once counted twice."""
    missed_s: float = 0.0
    """Reference speech that no speaker was found for."""
    false_alarm_s: float = 0.0
    """Speakers found where the reference has none, or fewer."""
    confusion_s: float = 0.0
    """Speech given to another speaker, under the mapping of speakers that makes this smallest."""

    @property
    def error_s(self) -> float:
        return self.missed_s + self.false_alarm_s + self.confusion_s

    @property
    def rate(self) -> float | None:
        """Error over reference speech (a ratio); None where nobody speaks in the reference."""
        return self.error_s / self.total_s if self.total_s else None

    def __add__(self, other: "DiarizationError") -> "DiarizationError":
        if not isinstance(other, DiarizationError):
            return NotImplemented
        if (self.collar_s, self.skip_overlap) != (other.collar_s, other.skip_overlap):
            raise ValueError("diarization errors measured with another collar or overlap rule do not add up")
        return DiarizationError(
            self.collar_s,
            self.skip_overlap,
            self.total_s + other.total_s,
            self.missed_s + other.missed_s,
            self.false_alarm_s + other.false_alarm_s,
            self.confusion_s + other.confusion_s,
        )
