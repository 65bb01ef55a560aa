"""Sound that metrics compare, read in pieces, so that a recording of hours is never in memory several times.

PESQ and DNSMOS were made for utterances of some ten seconds. A recording under 15 s is one piece; a longer one is cut
every 10 s, and its last piece has 5 to 15 s. That is also what keeps PESQ's own code within its memory: it has room for
50 utterances and does not look (pesq 0.0.4, `id_searchwindows` in pesqmod.c); each takes 0.2 s and as much of a pause.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from modellab.datasets.reference import ReferenceSound
from modellab.media.audio import Audio, Samples, TimeMap, Waveform
from modellab.media.resampling import resample
from modellab.metrics.piecewise import NotComputable
from modellab.surfaces.results import Segment

PIECE_S = 10
"""Whole seconds: every piece begins at a whole sample of any rate."""
MOST_PIECES = 180
"""Of a recording that metrics of pieces look at: half an hour, spread evenly over a longer one."""
PIECES = f"pieces of {PIECE_S} s, at most {MOST_PIECES}"
"""The same for a protocol."""


class Sound(Protocol):
    """Sound of which a stretch can be had at any rate, as one channel. `CanonicalAudio` is one."""

    @property
    def duration_s(self) -> float: ...

    def waveform(self, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Waveform: ...


Opener = Callable[[ReferenceSound], Sound]
"""Gives the sound that a reference names, in the place where the results have it; NotComputable where it has none."""


@dataclass(frozen=True, slots=True)
class HeldSound:
    """Sound in memory."""

    wave: Waveform

    @property
    def duration_s(self) -> float:
        """Its length."""
        return self.wave.duration_s

    def waveform(self, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Waveform:
        """A stretch at a rate, resampled by itself."""
        rate_hz = self.wave.sample_rate_hz
        stop = None if end_s is None else round(end_s * rate_hz)
        samples = self.wave.samples[round(start_s * rate_hz) : stop]
        if rate_hz == sample_rate_hz:
            return Waveform(samples, rate_hz)
        return Waveform(resample(Audio(samples[np.newaxis], rate_hz), sample_rate_hz).samples[0], sample_rate_hz)

    def cut_like(self, time_map: TimeMap) -> "HeldSound":
        """What is left of it when it is cut as a recording was before models heard it.

        Raises:
            NotComputable: the recording was also brought to another speed, so that samples no longer answer each other.
        """
        if time_map.is_identity:
            return self
        if odd := next((piece.speed for piece in time_map.pieces if piece.speed != 1.0), None):
            raise NotComputable(f"the audio was played at {odd:g} times its speed: no sample has its place any more")
        rate_hz = self.wave.sample_rate_hz
        kept = [
            self.wave.samples[round(piece.original_start_s * rate_hz) : round(piece.original_end_s * rate_hz)]
            for piece in time_map.pieces
        ]
        return HeldSound(Waveform(np.concatenate(kept), rate_hz))


@dataclass(frozen=True, slots=True)
class FileSound:
    """Sound in a file that the lab wrote, read when it is asked for; several channels as their mean."""

    path: Path
    sample_rate_hz: int
    length: int
    """Samples per channel."""

    @classmethod
    def open(cls, path: Path) -> "FileSound":
        """Read the file's head.

        Raises:
            soundfile.LibsndfileError: it can't be read.
        """
        info = soundfile.info(path)
        return cls(path, info.samplerate, info.frames)

    @property
    def duration_s(self) -> float:
        """Its length."""
        return self.length / self.sample_rate_hz

    def waveform(self, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Waveform:
        """A stretch at a rate, resampled by itself."""
        stop = None if end_s is None else round(end_s * self.sample_rate_hz)
        start = round(start_s * self.sample_rate_hz)
        samples, rate_hz = soundfile.read(self.path, start=start, stop=stop, dtype="float32", always_2d=True)
        return HeldSound(Waveform(Audio(samples.T, rate_hz).mono, rate_hz)).waveform(sample_rate_hz)


@dataclass(frozen=True, slots=True)
class SummedSound:
    """Sounds on top of each other."""

    parts: Sequence[Sound]

    @property
    def duration_s(self) -> float:
        """Length that all have."""
        return min(part.duration_s for part in self.parts)

    def waveform(self, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Waveform:
        """A stretch at a rate."""
        waves = [part.waveform(sample_rate_hz, start_s, end_s).samples for part in self.parts]
        length = min(map(len, waves))
        return Waveform(np.sum([wave[:length] for wave in waves], axis=0, dtype=np.float32), sample_rate_hz)


def pieces(duration_s: float) -> list[Segment]:
    """The pieces of a recording, in order: every 10 s one, the last of 5 to 15 s."""
    count = max(1, int(duration_s / PIECE_S + 0.5))
    starts = [float(number * PIECE_S) for number in range(count)]
    return [Segment(start, end) for start, end in zip(starts, [*starts[1:], duration_s], strict=True)]


def spread(count: int, most: int = MOST_PIECES) -> Sequence[int]:
    """Which of so many pieces are looked at: all, or as many as allowed, evenly spread."""
    if count <= most:
        return range(count)
    return sorted({round(number * (count - 1) / (most - 1)) for number in range(most)})


def power(samples: Samples) -> float:
    """Mean square."""
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
