"""Audio on its way to a recogniser: frames of 20 ms, chunks of always the same size, segments that end."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modellab.errors import UsageError
from modellab.media.audio import Samples
from modellab.streaming.endpointing import Endpointer
from modellab.streaming.events import EndReason
from modellab.streaming.segments import Segments
from modellab.surfaces.contracts import AsrStream
from modellab.surfaces.streams import Heard

FRAME_MS = 20
CHUNK_MS = 160
_FRAMES_PER_S = 1000 // FRAME_MS


@dataclass(frozen=True, slots=True)
class Pieces:
    """How audio goes to a recogniser."""

    chunk_ms: int = CHUNK_MS
    """Of audio that it is given at once, whole frames of 20 ms: whatever the sender's pieces, it hears the same."""
    longest_segment_s: float = 60.0
    """A segment is ended where speech in it gets longer: nothing grows with a speaker who never stops."""

    def __post_init__(self) -> None:
        if self.chunk_ms < FRAME_MS or self.chunk_ms % FRAME_MS:
            raise UsageError(
                "a stream's chunks are whole frames",
                found=f"chunk_ms = {self.chunk_ms}",
                allowed=f"a multiple of {FRAME_MS}",
            )
        if not self.longest_segment_s >= 1.0:
            raise UsageError(
                "a stream's segments may not be so short",
                found=f"longest_segment_s = {self.longest_segment_s}",
                allowed="1 or more",
            )


class Hearing:
    """What one recogniser hears.

    Args:
        endpointer: finds where segments end; None: the recogniser itself, if it does.
        rate_hz: of the audio.
        stopped: asked before each frame; what is left is not heard any more when it says so.
    """

    def __init__(
        self,
        recogniser: AsrStream,
        segments: Segments,
        endpointer: Endpointer | None,
        *,
        rate_hz: int,
        pieces: Pieces,
        stopped: Callable[[], bool],
    ) -> None:
        self._recogniser, self._segments, self._endpointer = recogniser, segments, endpointer
        self._rate_hz, self._stopped = rate_hz, stopped
        self._frame = max(1, round(rate_hz / _FRAMES_PER_S))
        self._frames = pieces.chunk_ms // FRAME_MS
        self._longest = round(pieces.longest_segment_s * rate_hz)
        self._pending: Samples = np.zeros(0, dtype=np.float32)
        """Audio that is no whole frame yet."""
        self._waiting: list[Samples] = []
        """Frames that are no whole chunk yet."""
        self._heard = self._began = 0
        """Samples that the recogniser was given, and how many of them before this segment."""
        self._spoken_from: int | None = None
        """After how many of them it was first known that somebody speaks in it."""

    def hear(self, samples: Samples) -> None:
        """Hear audio at the model's rate, frame by frame."""
        samples = np.concatenate([self._pending, samples])
        whole = len(samples) - len(samples) % self._frame
        self._pending = samples[whole:].copy()
        for start in range(0, whole, self._frame):
            if self._stopped():
                return
            self._hear_frame(samples[start : start + self._frame])

    def _hear_frame(self, frame: Samples) -> None:
        over = self._wait_for(frame)
        if over or len(self._waiting) == self._frames:
            self._give()
        if over and self._endpointer is not None:
            self._end(self._endpointer.reason)
        elif self._heard - (self._began if self._spoken_from is None else self._spoken_from) >= self._longest:
            self._end("longest")

    def _wait_for(self, frame: Samples) -> bool:
        """Put a frame to those that wait; whether the endpointer says that the segment is over."""
        self._waiting.append(frame)
        return self._endpointer is not None and self._endpointer.push(frame)

    def _give(self) -> None:
        """Give the recogniser the frames that wait, and tell what it says."""
        if not self._waiting:
            return
        chunk = np.concatenate(self._waiting)
        self._waiting = []
        self._heard += len(chunk)
        for heard in self._recogniser.hear(chunk):
            if not heard.ended:
                self._segments.take(heard, self._heard_s)
            elif self._endpointer is None:
                self._end_with(heard, "model")
            else:  # its next words are of another segment of its own, and of the same one here
                self._segments.take(Heard([*heard.stable, *heard.unstable]), self._heard_s)
        if self._spoken_from is None and self._is_spoken:
            self._spoken_from = self._heard

    @property
    def _heard_s(self) -> float:
        return self._heard / self._rate_hz

    @property
    def _spoken_until_s(self) -> float | None:
        return None if self._endpointer is None else self._endpointer.spoken_until_s

    @property
    def _is_spoken(self) -> bool:
        """Whether it is known that somebody speaks in this segment."""
        return self._segments.has_words or self._spoken_until_s is not None

    def end_all(self, reason: EndReason) -> None:
        """End the segment with all audio that there is."""
        if len(self._pending):
            self._wait_for(self._pending)
            self._pending = self._pending[:0]
        self._give()
        if self._heard > self._began and not self._stopped():
            self._end(reason)

    def _end(self, reason: EndReason) -> None:
        """End the segment: the endpoint is told before the recogniser makes up its mind, which takes time."""
        told = self._is_spoken
        if told:
            until_s = self._spoken_until_s
            self._segments.endpoint(self._segments.last_s if until_s is None else until_s, reason)
        self._end_with(self._recogniser.end_segment(), reason, told=told)

    def _end_with(self, heard: Heard, reason: EndReason, *, told: bool = False) -> None:
        """Tell the final, if there is one; the next segment begins here."""
        words = self._segments.whole(heard, self._heard_s)
        if not told and (words or self._segments.has_words):
            self._segments.endpoint(words[-1].end_s if words else self._segments.last_s, reason)
            told = True
        if told:
            self._segments.final(words)
        self._began, self._spoken_from = self._heard, None
        if self._endpointer is not None:
            self._endpointer.begin()
