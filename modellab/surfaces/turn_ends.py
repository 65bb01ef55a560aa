"""What is said of pauses: whether whoever paused had done. Results like those of `results.py`, with the same times."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Pause:
    """A moment at which somebody stops speaking, and whether their turn was over, as a model hears it."""

    at_s: float
    """Where they stop, in the original recording."""
    probability: float
    """That their turn is over, 0 to 1."""
    over: bool
    """Whether that reaches the threshold."""
    heard_s: float
    """Seconds of sound that the model went by, without the silence that stands before it."""
    speaker: str | None = None
    """Who stops, by the label of the turns; None where nobody told speakers apart."""


@dataclass(frozen=True, slots=True)
class TurnEnds:
    """Every pause of a recording, in order of time."""

    FILE: ClassVar[str] = "turn_ends.json"

    pauses: list[Pause]
    duration_s: float
    """Length of the recording."""

    @property
    def over(self) -> list[Pause]:
        """Those at which a turn was over."""
        return [pause for pause in self.pauses if pause.over]
