"""How loud audio is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Audio, AudioBlocks, Samples
from modellab.media.loudness import LoudnessMeter
from modellab.ties import first_largest

SILENT_PEAK = 1.5 / 32768
"""Audio that never goes beyond the last bit of 16-bit sound is silent: what is left is dither."""
_BLOCK_SAMPLES = 1 << 18
_SAME_OFFSET = 1e-7
"""Means that differ by less, a hundredth of the last bit of 16-bit sound, are equally far from 0."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of a whole recording, over all channels. dBFS: 0 is full scale, of a sample for the peak and RMS alike."""

    peak_dbfs: float | None
    """None for digital silence, like the RMS."""
    rms_dbfs: float | None
    loudness_lufs: float | None
    """Integrated loudness (BS.1770); None where there is none: shorter than 400 ms, or below -70 LUFS throughout."""
    dc_offset: float
    """Mean of the samples; of several channels the one furthest from 0."""
    is_silent: bool


def decibels(ratio: float) -> float | None:
    """An amplitude ratio in dB; None for 0."""
    return float(20 * np.log10(ratio)) if ratio > 0.0 else None


class LevelMeter:
    """Measures the levels of audio that comes in blocks.

    Args:
        channels: of every block.
        sample_rate_hz: any.
    """

    def __init__(self, channels: int, sample_rate_hz: int) -> None:
        self._loudness = LoudnessMeter(channels, sample_rate_hz)
        self._sums = np.zeros(channels)
        self._squares = self._peak = 0.0
        self._length = 0

    def add(self, block: Samples) -> None:
        """Take in a block of shape `(channels, samples)`."""
        self._squares += float(np.square(block).sum(dtype=np.float64))
        self._sums += block.sum(axis=1, dtype=np.float64)
        self._peak = max(self._peak, float(block.max()), -float(block.min()))
        self._length += block.shape[1]
        self._loudness.add(block)

    def levels(self) -> Levels:
        """Of all that came in, at least one sample."""
        means = self._sums / self._length
        return Levels(
            peak_dbfs=decibels(self._peak),
            rms_dbfs=decibels((self._squares / (self._length * len(means))) ** 0.5),
            loudness_lufs=self._loudness.integrated_lufs(),
            dc_offset=float(means[first_largest(np.abs(means), _SAME_OFFSET)]),
            is_silent=self._peak <= SILENT_PEAK,
        )


def measure_levels(audio: AudioBlocks) -> Levels:
    """The levels of audio."""
    meter = LevelMeter(audio.channels, audio.sample_rate_hz)
    for block in audio.blocks(_BLOCK_SAMPLES):
        meter.add(block)
    return meter.levels()


def frame_powers(audio: Audio, frame: int) -> npt.NDArray[np.float32]:
    """Mean square of each `frame` samples, of the loudest channel; the last one may be shorter."""
    whole = audio.samples.shape[1] // frame
    frames = audio.samples[:, : whole * frame].reshape(audio.channels, whole, frame)
    powers = np.einsum("cnf,cnf->cn", frames, frames).max(axis=0) / frame
    rest = audio.samples[:, whole * frame :]
    return np.append(powers, np.square(rest).mean(axis=1).max()) if rest.shape[1] else powers
