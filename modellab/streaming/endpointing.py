"""When a segment of a live stream is over: after a pause, or when a model hears that the turn is."""

from typing import Protocol

import numpy as np

from modellab.media.audio import Samples, Waveform
from modellab.streaming.detection import Detector
from modellab.streaming.events import EndReason
from modellab.surfaces.contracts import EndOfTurnModel

SILENCE_S = 0.7
"""Who is silent for so long has come to an end. Pauses inside sentences are mostly shorter."""


class Endpointer(Protocol):
    """Hears one stream, segment after segment."""

    @property
    def reason(self) -> EndReason:
        """What ends of segments that it finds are said to be found by."""

    @property
    def spoken_until_s(self) -> float | None:
        """Where the segment's last speech ends, in seconds from the start of the stream; None: none in it so far."""

    def push(self, samples: Samples) -> bool:
        """Hear a frame of 20 ms; whether the segment is over."""

    def begin(self) -> None:
        """A new segment begins here."""


class _OfSegments:
    """What endpointers have in common: speech of this segment, and how long ago it was."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._since_s = 0.0

    @property
    def spoken_until_s(self) -> float | None:
        until_s = self._detector.spoken_until_s
        return until_s if until_s is not None and until_s > self._since_s else None

    def begin(self) -> None:
        self._since_s = self._detector.heard_s

    def _quiet_s(self) -> float:
        """Seconds since the segment's last speech; 0 before any."""
        until_s = self.spoken_until_s
        return 0.0 if until_s is None else self._detector.heard_s - until_s


class PauseEndpointer(_OfSegments):
    """A segment is over when nobody speaks for a while."""

    def __init__(self, detector: Detector, reason: EndReason, silence_s: float = SILENCE_S) -> None:
        super().__init__(detector)
        self.reason: EndReason = reason
        self._silence_s = silence_s

    def push(self, samples: Samples) -> bool:
        self._detector.push(samples)
        return self._quiet_s() >= self._silence_s


class TurnEndpointer(_OfSegments):
    """A segment is over when a model hears, at a pause, that the turn is; or when nobody speaks for long.

    Args:
        model: asked once at each pause, of the segment's last sound.
        sample_rate_hz: of the stream, which must be the model's.
        pause_s: how much of a pause it hears before it is asked; its makers' 0.2 s.
        longest_silence_s: after so long it is over, whatever the model says.
    """

    reason: EndReason = "smart_turn"

    def __init__(
        self,
        detector: Detector,
        model: EndOfTurnModel,
        sample_rate_hz: int,
        *,
        threshold: float = 0.5,
        pause_s: float = 0.2,
        longest_silence_s: float = 2.0,
    ) -> None:
        super().__init__(detector)
        self._model, self._rate_hz = model, sample_rate_hz
        self._threshold, self._pause_s, self._longest_silence_s = threshold, pause_s, longest_silence_s
        self._most = round(model.window_s * sample_rate_hz)
        self._heard: Samples = np.zeros(0, dtype=np.float32)
        self._asked_s: float | None = None
        """The end of speech about which it was asked."""

    def push(self, samples: Samples) -> bool:
        self._detector.push(samples)
        self._heard = np.concatenate([self._heard, samples])[-self._most :]
        quiet_s = self._quiet_s()
        if quiet_s >= self._longest_silence_s:
            return True
        until_s = self.spoken_until_s
        if quiet_s < self._pause_s or until_s is None:
            return False
        if self._asked_s is not None and until_s - self._asked_s < self._pause_s:
            return False  # the same pause: where it began is heard a little differently each time
        self._asked_s = until_s
        return self._model.end_of_turn(Waveform(self._heard, self._rate_hz)) >= self._threshold

    def begin(self) -> None:
        super().begin()
        self._heard = self._heard[:0]
        self._asked_s = None
