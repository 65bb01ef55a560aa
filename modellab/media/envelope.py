"""The outline of a waveform, for pictures: smallest and largest sample of each of many short stretches."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modellab.errors import ArtifactCorrupt
from modellab.media.audio import Audio, Samples, TimeMap

OVERVIEW_BINS = 2_000
_FINE_BIN_S = 0.05
_BLOCK_BINS = 1 << 12


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


def measure_envelope(audio: Audio, time_map: TimeMap) -> Envelope:
    """The envelope of processed audio, laid out over the original recording."""
    duration_s = time_map.original_duration_s
    fine_bins = max(min(OVERVIEW_BINS, audio.samples.shape[1]), round(duration_s / _FINE_BIN_S))
    overview_bins = min(OVERVIEW_BINS, fine_bins)
    fine = _extremes(audio, time_map, fine_bins)
    overview = fine if fine_bins == overview_bins else _extremes(audio, time_map, overview_bins)
    return Envelope(overview, fine, duration_s)


def _extremes(audio: Audio, time_map: TimeMap, bins: int) -> Samples:
    edges = _processed_samples(np.linspace(0.0, time_map.original_duration_s, bins + 1), audio, time_map)
    starts, ends = edges[:-1], edges[1:]
    result = np.zeros((2, bins), dtype=np.float32)
    filled = np.flatnonzero(ends > starts)
    for first in range(0, len(filled), _BLOCK_BINS):
        chosen = filled[first : first + _BLOCK_BINS]
        offset, end = starts[chosen[0]], ends[chosen[-1]]
        block = audio.samples[:, offset:end]
        result[0, chosen] = np.minimum.reduceat(block, starts[chosen] - offset, axis=1).min(axis=0)
        result[1, chosen] = np.maximum.reduceat(block, starts[chosen] - offset, axis=1).max(axis=0)
    return result


def _processed_samples(times_s: npt.NDArray[np.float64], audio: Audio, time_map: TimeMap) -> npt.NDArray[np.int64]:
    """Sample of the processed audio at each original time; within a cut, the sample at the cut."""
    original = [time for piece in time_map.pieces for time in (piece.original_start_s, piece.original_end_s)]
    processed = [time for piece in time_map.pieces for time in (piece.start_s, piece.end_s)]
    positions = np.interp(times_s, original, processed) * audio.sample_rate_hz
    samples: npt.NDArray[np.int64] = np.clip(np.rint(positions), 0, audio.samples.shape[1]).astype(np.int64)
    return samples
