"""Joining overlapping segments into one stream."""

import numpy as np

from modellab.media.audio import Samples


class OverlapAdd:
    """The mean of overlapping segments, weighted with a triangle over each (demucs/apply.py), as a stream.

    Args:
        segment_samples: length of a segment; those at the end may be shorter.
        stride: samples from the start of a segment to the start of the next, at most a segment.
    """

    def __init__(self, segment_samples: int, stride: int) -> None:
        half = segment_samples // 2
        rising, falling = np.arange(1, half + 1), np.arange(segment_samples - half, 0, -1)
        self._weight: Samples = (np.concatenate([rising, falling]) / (segment_samples - half)).astype(np.float32)
        self.stride = stride
        self._sum: Samples | None = None
        """Weighted sum from the start of the last segment on, shape `(..., samples)`."""
        self._weights = np.zeros(0, dtype=np.float32)

    def add(self, segment: Samples) -> Samples:
        """Take in the next segment, shape `(..., samples)`; gives what no later segment reaches."""
        length = segment.shape[-1]
        weight = self._weight[:length]
        if self._sum is None:
            self._sum = np.zeros((*segment.shape[:-1], 0), dtype=np.float32)
        longer = max(0, length - self._sum.shape[-1])
        self._sum = np.pad(self._sum, [(0, 0)] * (segment.ndim - 1) + [(0, longer)])
        self._weights = np.pad(self._weights, (0, longer))
        self._sum[..., :length] += weight * segment
        self._weights[:length] += weight
        return self._take(self.stride)

    def finish(self) -> Samples:
        """The rest. Call once, after at least one segment."""
        return self._take(len(self._weights))

    def _take(self, samples: int) -> Samples:
        assert self._sum is not None
        ready = self._sum[..., :samples] / self._weights[:samples]
        self._sum, self._weights = self._sum[..., samples:], self._weights[samples:]
        return ready
