"""How loud audio is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Audio
from modellab.media.loudness import integrated_loudness_lufs
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


def peak(audio: Audio) -> float:
    """Largest absolute sample."""
    return float(max(audio.samples.max(initial=0.0), -audio.samples.min(initial=0.0)))


def measure_levels(audio: Audio) -> Levels:
    """The levels of audio."""
    squares = 0.0
    sums = np.zeros(audio.channels)
    for start in range(0, audio.samples.shape[1], _BLOCK_SAMPLES):
        block = audio.samples[:, start : start + _BLOCK_SAMPLES]
        squares += float(np.square(block).sum(dtype=np.float64))
        sums += block.sum(axis=1, dtype=np.float64)
    means = sums / audio.samples.shape[1]
    highest = peak(audio)
    return Levels(
        peak_dbfs=decibels(highest),
        rms_dbfs=decibels((squares / audio.samples.size) ** 0.5),
        loudness_lufs=integrated_loudness_lufs(audio),
        dc_offset=float(means[first_largest(np.abs(means), _SAME_OFFSET)]),
        is_silent=highest <= SILENT_PEAK,
    )


def frame_powers(audio: Audio, frame: int) -> npt.NDArray[np.float32]:
    """Mean square of each `frame` samples, of the loudest channel; the last one may be shorter."""
    whole = audio.samples.shape[1] // frame
    frames = audio.samples[:, : whole * frame].reshape(audio.channels, whole, frame)
    powers = np.einsum("cnf,cnf->cn", frames, frames).max(axis=0) / frame
    rest = audio.samples[:, whole * frame :]
    return np.append(powers, np.square(rest).mean(axis=1).max()) if rest.shape[1] else powers
