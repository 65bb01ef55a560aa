"""The outline of a waveform, for pictures: smallest and largest sample of each of many short stretches."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modellab.errors import ArtifactCorrupt
from modellab.media.audio import AudioBlocks, Samples, TimeMap

OVERVIEW_BINS = 2_000
_FINE_BIN_S = 0.05
_BLOCK_SAMPLES = 1 << 18


@dataclass(frozen=True, slots=True)
class Envelope:
    """Extremes over equal stretches of the ORIGINAL recording; stretches that were cut are 0.

    Both arrays have shape `(2, bins)`: smallest and largest sample over all channels, float32 in [-1, 1].
    """

    overview: Samples
    """At most 2,000 bins over the whole recording."""
    fine: Samples
    """Bins of about 50 ms, or the overview where that is finer."""
    duration_s: float
    """Length of the original recording."""

    def save(self, path: Path) -> None:
        """Write as NPZ; the same envelope always gives the same bytes."""
        np.savez_compressed(path, overview=self.overview, fine=self.fine, duration_s=self.duration_s)

    @classmethod
    def load(cls, path: Path) -> "Envelope":
        """Read what `save` wrote.

        Raises:
            ArtifactCorrupt: the file is not an envelope.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["overview"], arrays["fine"], float(arrays["duration_s"]))
        except (OSError, ValueError, KeyError) as error:
            raise ArtifactCorrupt(f"{path} is not a waveform envelope", found=str(error)) from error


class EnvelopeMeter:
    """Measures the envelope of processed audio that comes in blocks, and lays it out over the original recording.

    Args:
        length: samples that will come in.
        sample_rate_hz: of the processed audio.
        time_map: from its times to the original recording's.
    """

    def __init__(self, length: int, sample_rate_hz: int, time_map: TimeMap) -> None:
        self._duration_s = time_map.original_duration_s
        fine_bins = max(min(OVERVIEW_BINS, length), round(self._duration_s / _FINE_BIN_S))
        self._fine = _Extremes(fine_bins, length, sample_rate_hz, time_map)
        overview_bins = min(OVERVIEW_BINS, fine_bins)
        is_fine = fine_bins == overview_bins
        self._overview = self._fine if is_fine else _Extremes(overview_bins, length, sample_rate_hz, time_map)

    def add(self, block: Samples) -> None:
        """Take in a block of shape `(channels, samples)`."""
        self._fine.add(block)
        if self._overview is not self._fine:
            self._overview.add(block)

    def envelope(self) -> Envelope:
        """Of all that came in."""
        return Envelope(self._overview.result(), self._fine.result(), self._duration_s)


def measure_envelope(audio: AudioBlocks, time_map: TimeMap) -> Envelope:
    """The envelope of processed audio, laid out over the original recording."""
    meter = EnvelopeMeter(audio.length, audio.sample_rate_hz, time_map)
    for block in audio.blocks(_BLOCK_SAMPLES):
        meter.add(block)
    return meter.envelope()


class _Extremes:
    """Smallest and largest sample of each bin, gathered block by block. The bins that hold samples lie end to end."""

    def __init__(self, bins: int, length: int, sample_rate_hz: int, time_map: TimeMap) -> None:
        times_s = np.linspace(0.0, time_map.original_duration_s, bins + 1)
        edges = _processed_samples(times_s, length, sample_rate_hz, time_map)
        self._filled = np.flatnonzero(edges[1:] > edges[:-1])
        self._starts, self._ends = edges[:-1][self._filled], edges[1:][self._filled]
        self._lowest = np.full(len(self._filled), np.inf, dtype=np.float32)
        self._highest = np.full(len(self._filled), -np.inf, dtype=np.float32)
        self._bins = bins
        self._offset = 0

    def add(self, block: Samples) -> None:
        offset, self._offset = self._offset, self._offset + block.shape[1]
        first = int(np.searchsorted(self._ends, offset, side="right"))
        behind = int(np.searchsorted(self._starts, self._offset, side="left"))
        if first >= behind:
            return
        starts = np.maximum(self._starts[first:behind] - offset, 0)
        block = block[:, : self._ends[behind - 1] - offset]
        lowest, highest = self._lowest[first:behind], self._highest[first:behind]
        np.minimum(lowest, np.minimum.reduceat(block, starts, axis=1).min(axis=0), out=lowest)
        np.maximum(highest, np.maximum.reduceat(block, starts, axis=1).max(axis=0), out=highest)

    def result(self) -> Samples:
        extremes = np.zeros((2, self._bins), dtype=np.float32)
        extremes[0, self._filled], extremes[1, self._filled] = self._lowest, self._highest
        return extremes


def _processed_samples(
    times_s: npt.NDArray[np.float64], length: int, sample_rate_hz: int, time_map: TimeMap
) -> npt.NDArray[np.int64]:
    """Sample of the processed audio at each original time; within a cut, the sample at the cut."""
    original = [time for piece in time_map.pieces for time in (piece.original_start_s, piece.original_end_s)]
    processed = [time for piece in time_map.pieces for time in (piece.start_s, piece.end_s)]
    positions = np.interp(times_s, original, processed) * sample_rate_hz
    samples: npt.NDArray[np.int64] = np.clip(np.rint(positions), 0, length).astype(np.int64)
    return samples
