"""Resampling with soxr, whole or as a stream."""

import numpy as np
import soxr

from modellab.media.audio import Audio, Samples

_BLOCK_SAMPLES = 1 << 16
_QUALITY = "VHQ"
"""soxr's 28-bit setting; resampling a recording costs a few thousandths of its decoding and inference either way."""


def resampled_length(samples: int, from_hz: int, to_hz: int) -> int:
    """Samples after resampling: the same time, rounded, but never nothing of something."""
    return max(min(samples, 1), (2 * samples * to_hz + from_hz) // (2 * from_hz))


class StreamResampler:
    """Resamples blocks of shape `(channels, samples)`; the blocks together are as long as `resampled_length` says."""

    def __init__(self, channels: int, from_hz: int, to_hz: int) -> None:
        self.channels = channels
        self._from_hz, self._to_hz = from_hz, to_hz
        self._taken = self._given = 0
        self._stream = None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, channels, quality=_QUALITY)

    def push(self, block: Samples) -> Samples:
        """What can be said of the output once this block is known."""
        self._taken += block.shape[1]
        return block if self._stream is None else self._counted(self._stream.resample_chunk(_frames_first(block)))

    def finish(self) -> Samples:
        """The rest of the output. Call once."""
        rest = np.zeros((self.channels, 0), dtype=np.float32)
        if self._stream is None:
            return rest
        rest = self._counted(self._stream.resample_chunk(_frames_first(rest), last=True))
        missing = resampled_length(self._taken, self._from_hz, self._to_hz) - self._given
        return np.pad(rest, ((0, 0), (0, missing))) if missing >= 0 else rest[:, :missing]

    def _counted(self, frames: Samples) -> Samples:
        self._given += len(frames)
        return frames.T


def _frames_first(block: Samples) -> Samples:
    """As soxr wants it. Always a copy: it refuses the strides that numpy leaves on a single sample."""
    return block.T.copy(order="C")


def resample(audio: Audio, sample_rate_hz: int) -> Audio:
    """Audio at another rate; the same object if it has that rate already."""
    if audio.sample_rate_hz == sample_rate_hz:
        return audio
    resampler = StreamResampler(audio.channels, audio.sample_rate_hz, sample_rate_hz)
    length = audio.samples.shape[1]
    result = np.empty((audio.channels, resampled_length(length, audio.sample_rate_hz, sample_rate_hz)), np.float32)
    filled = 0
    for start in range(0, length + _BLOCK_SAMPLES, _BLOCK_SAMPLES):
        block = audio.samples[:, start : start + _BLOCK_SAMPLES]
        part = resampler.push(block) if block.shape[1] else resampler.finish()
        result[:, filled : filled + part.shape[1]] = part
        filled += part.shape[1]
    return Audio(result, sample_rate_hz)
