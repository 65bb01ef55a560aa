"""What models of `voice_to_voice` give: an answer to what was said, as words and as sound."""

from dataclasses import dataclass
from typing import ClassVar

from modellab.media.audio import Waveform


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answers, as it gives it."""

    text: str
    """Its words as it wrote them down while it spoke."""
    sound: Waveform
    """One channel at the model's own rate, which need not be the one that it hears; empty where it says nothing."""
    ended: bool
    """Whether it came to an end by itself; False where the longest reply cut it off."""


@dataclass(frozen=True, slots=True)
class SpokenReply:
    """An answer to a recording. Its sound is kept beside this as canonical audio, with times of its own: no time in it
    is one of the recording's."""

    FILE: ClassVar[str] = "reply.json"

    text: str
    duration_s: float
    sample_rate_hz: int
    """The model's own."""
    heard_s: float
    """Seconds of the recording that were answered."""
    ended: bool
    """Whether it came to an end by itself."""
    seed: int
    instructions: str | None
    """What the model was told beforehand; None: what its makers tell it."""
