"""Integrated loudness after ITU-R BS.1770, in memory that does not grow with the recording.

pyloudnorm's own meter filters a whole recording in float64 at once, several GB for two hours, so filtering and gating
are done here block by block; tests hold the two against each other.
"""

import math

import numpy as np
import numpy.typing as npt

from modellab.media.audio import AudioBlocks, Samples
from modellab.media.weighting import KWeighting

_BLOCK_S = 0.4
_STEPS_PER_BLOCK = 4
"""Gating blocks of 400 ms overlap by 75 %."""
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_CALIBRATION_LU = -0.691
_LOWEST_RATE_HZ = 4_000
"""The K-weighting's shelf turns at 1.5 kHz, which must lie well below half the rate."""
_FILTERED_SAMPLES = 1 << 18
_SUSTAINED_STEPS = 3


class LoudnessMeter:
    """Measures audio that comes in blocks of any length.

    Args:
        channels: of every block.
        sample_rate_hz: any.
    """

    def __init__(self, channels: int, sample_rate_hz: int) -> None:
        self._step = round(_BLOCK_S / _STEPS_PER_BLOCK * sample_rate_hz)
        self._filters: list[KWeighting] | None = None
        """One a channel."""
        if sample_rate_hz >= _LOWEST_RATE_HZ:
            self._filters = [KWeighting(sample_rate_hz) for _ in range(channels)]
            self._waiting = np.zeros((channels, 0), dtype=np.float32)
        self._powers: list[npt.NDArray[np.float64]] = []
        """Mean square of the K-weighted signal, summed over channels, for each whole 100 ms."""

    def add(self, block: Samples) -> None:
        """Take in a block of shape `(channels, samples)`."""
        if self._filters is None:
            return
        waiting = np.concatenate([self._waiting, block], axis=1) if self._waiting.shape[1] else block
        whole = waiting.shape[1] // self._step * self._step
        self._waiting = waiting[:, whole:].copy()
        most = self._step * max(1, _FILTERED_SAMPLES // self._step)
        for start in range(0, whole, most):
            self._filter(waiting[:, start : min(start + most, whole)])

    def _filter(self, block: Samples) -> None:
        assert self._filters is not None
        weighted = np.stack([each.weighted(channel) for each, channel in zip(self._filters, block, strict=True)])
        steps = weighted.reshape(len(block), -1, self._step)
        self._powers.append(np.einsum("cks,cks->k", steps, steps) / self._step)

    def integrated_lufs(self, *, gain: float = 1.0) -> float | None:
        """Loudness of all that came in, every channel weighted 1.

        Args:
            gain: factor the samples are taken times.

        Returns:
            None where the standard defines none: shorter than 400 ms, nowhere above its gate of -70 LUFS, or at a rate
            that can't hold its filters.
        """
        step_powers = np.concatenate([np.empty(0), *self._powers]) * gain**2
        if len(step_powers) < _STEPS_PER_BLOCK:
            return None
        powers = np.convolve(step_powers, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK), mode="valid")
        powers = powers[powers > _power(_ABSOLUTE_GATE_LUFS)]
        if not len(powers):
            return None
        powers = powers[powers > powers.mean() * 10 ** (_RELATIVE_GATE_LU / 10)]
        return float(_CALIBRATION_LU + 10 * np.log10(powers.mean()))

    def sustained_lufs(self) -> float | None:
        """Loudness of the loudest 300 ms: of the quietest 100 ms in them, so that a knock counts for nothing.

        So long does a spoken word last, and a recording may hold no more than a few, with pauses between them. Unlike
        the integrated loudness it has no gate: it tells how quiet even very quiet speech is.

        Returns:
            None for digital silence, under 400 ms, and at a rate that can't hold the standard's filters.
        """
        step_powers = np.concatenate([np.empty(0), *self._powers])
        if len(step_powers) < _STEPS_PER_BLOCK:
            return None
        power = float(np.lib.stride_tricks.sliding_window_view(step_powers, _SUSTAINED_STEPS).min(axis=1).max())
        return _CALIBRATION_LU + 10 * math.log10(power) if power > 0.0 else None


def integrated_loudness_lufs(audio: AudioBlocks, *, gain: float = 1.0) -> float | None:
    """Loudness of the whole, as `LoudnessMeter` measures it."""
    meter = LoudnessMeter(audio.channels, audio.sample_rate_hz)
    for block in audio.blocks(_FILTERED_SAMPLES):
        meter.add(block)
    return meter.integrated_lufs(gain=gain)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _CALIBRATION_LU) / 10))


def sustained_loudness_lufs(samples: Samples, sample_rate_hz: int) -> float | None:
    """Loudness of one channel of shape `(samples,)` where it is loudest, as `LoudnessMeter.sustained_lufs`."""
    meter = LoudnessMeter(1, sample_rate_hz)
    meter.add(samples[np.newaxis])
    return meter.sustained_lufs()
