"""Audio in memory, and the map between its time and the original recording's."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_BOUNDARY_TOLERANCE_S = 1e-6
"""Times this near a cut count as being on it: seconds that went through floats or JSON must not change sides."""


class AudioBlocks(Protocol):
    """Audio that is gone through block by block, wherever it is kept: `Audio` in memory, a `Spool` on disk."""

    @property
    def channels(self) -> int: ...

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def length(self) -> int:
        """Samples per channel."""

    @property
    def peak(self) -> float:
        """Largest absolute sample."""

    @property
    def duration_s(self) -> float: ...

    def blocks(self, samples: int) -> Iterator[Samples]:
        """All of it in order, shape `(channels, samples)`; the last block may be shorter."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Samples, float32 in [-1, 1], shape `(channels, samples)`."""

    samples: Samples
    sample_rate_hz: int

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def length(self) -> int:
        """Samples per channel."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        return self.length / self.sample_rate_hz

    @property
    def peak(self) -> float:
        """Largest absolute sample."""
        return float(max(self.samples.max(initial=0.0), -self.samples.min(initial=0.0)))

    def blocks(self, samples: int) -> Iterator[Samples]:
        """All of it in order, views of shape `(channels, samples)`; the last block may be shorter."""
        for start in range(0, self.length, samples):
            yield self.samples[:, start : start + samples]

    @property
    def mono(self) -> Samples:
        """The only channel, shape `(samples,)`; of several channels their mean."""
        channel: Samples = self.samples[0] if self.channels == 1 else self.samples.mean(axis=0, dtype=np.float32)
        return channel


@dataclass(frozen=True, slots=True)
class Waveform:
    """One channel, float32 in [-1, 1], shape `(samples,)`, at a model's native rate."""

    samples: Samples
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class KeptPiece:
    """A stretch of the original recording that is kept, and where it starts in the processed audio."""

    original_start_s: float
    start_s: float
    duration_s: float
    """In the processed audio."""
    speed: float = 1.0
    """Seconds of the recording in a second of the processed audio."""

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s

    @property
    def original_end_s(self) -> float:
        return self.original_start_s + self.duration_s * self.speed


@dataclass(frozen=True, slots=True)
class TimeMap:
    """Piecewise map between processed time (what models see) and original time (what results state).

    Pieces are in order and fill the processed audio without gaps; what lies between them in the original was cut.
    Both directions never fall as time rises, and `to_processed(to_original(t))` is `t`, but for rounding.
    """

    pieces: tuple[KeptPiece, ...]
    original_duration_s: float
    """Length of the original recording."""
    _starts: list[float] = field(init=False, repr=False, compare=False)
    _original_starts: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.pieces:
            raise ValueError("a time map needs at least one piece")
        object.__setattr__(self, "_starts", [piece.start_s for piece in self.pieces])
        object.__setattr__(self, "_original_starts", [piece.original_start_s for piece in self.pieces])

    @classmethod
    def identity(cls, duration_s: float) -> "TimeMap":
        """The map of a recording from which nothing was cut."""
        return cls((KeptPiece(0.0, 0.0, duration_s),), duration_s)

    @property
    def is_identity(self) -> bool:
        whole = KeptPiece(0.0, 0.0, self.original_duration_s)
        return self.pieces == (whole,)

    @property
    def duration_s(self) -> float:
        """Length of the processed audio."""
        return self.pieces[-1].end_s

    def keep(self, spans: Iterable[tuple[float, float]]) -> "TimeMap":
        """The map after a further cut that keeps only these spans `(start_s, end_s)` of the processed audio.

        Args:
            spans: in order, without overlap, at least one that is longer than nothing.
        """
        pieces: list[KeptPiece] = []
        start_s = 0.0
        for from_s, to_s in spans:
            first = max(0, bisect_right(self._starts, from_s) - 1)
            for piece in self.pieces[first:]:
                if piece.start_s >= to_s:
                    break
                offset_s = max(from_s - piece.start_s, 0.0)
                duration_s = min(to_s, piece.end_s) - piece.start_s - offset_s
                if duration_s > 0.0:
                    pieces.append(
                        KeptPiece(piece.original_start_s + offset_s * piece.speed, start_s, duration_s, piece.speed)
                    )
                    start_s += duration_s
        return TimeMap(tuple(pieces), self.original_duration_s)

    def stretched(self, duration_s: float) -> "TimeMap":
        """The map after the whole of the processed audio was brought to another length, evenly."""
        longer = duration_s / self.duration_s
        pieces = (
            KeptPiece(piece.original_start_s, piece.start_s * longer, piece.duration_s * longer, piece.speed / longer)
            for piece in self.pieces
        )
        return TimeMap(tuple(pieces), self.original_duration_s)

    def to_original(self, time_s: float, *, end: bool = False) -> float:
        """Original time of a processed time; times outside the audio give its ends.

        Args:
            time_s: processed time.
            end: at a cut, take the piece that ends there (for the end of a span) and not the one that begins there.
        """
        shift_s = -_BOUNDARY_TOLERANCE_S if end else _BOUNDARY_TOLERANCE_S
        piece = self.pieces[max(0, bisect_right(self._starts, time_s + shift_s) - 1)]
        return piece.original_start_s + min(max(time_s - piece.start_s, 0.0), piece.duration_s) * piece.speed

    def span_to_original(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Original start and end of a processed span. One that goes over a cut takes in what was cut."""
        original_start_s = self.to_original(start_s)
        return original_start_s, max(original_start_s, self.to_original(end_s, end=True))

    def to_processed(self, time_s: float) -> float:
        """Processed time of an original time; a time that was cut gives the place of the cut."""
        piece = self.pieces[max(0, bisect_right(self._original_starts, time_s) - 1)]
        return piece.start_s + min(max(time_s - piece.original_start_s, 0.0) / piece.speed, piece.duration_s)
