"""Integrated loudness after ITU-R BS.1770, in memory that does not grow with the recording.

The K-weighting filters are pyloudnorm's. Its own meter filters a whole recording in float64 at once, several GB for two
hours, so filtering and gating are done here block by block; tests hold the two against each other.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Audio, Samples

_BLOCK_S = 0.4
_STEPS_PER_BLOCK = 4
"""Gating blocks of 400 ms overlap by 75 %."""
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_CALIBRATION_LU = -0.691
_LOWEST_RATE_HZ = 4_000
"""The K-weighting's shelf turns at 1.5 kHz, which must lie well below half the rate."""
_FILTERED_SAMPLES = 1 << 18


def integrated_loudness_lufs(audio: Audio, *, gain: float = 1.0) -> float | None:
    """Loudness of the whole, every channel weighted 1.

    Args:
        audio: at any rate.
        gain: factor the samples are taken times.

    Returns:
        None where the standard defines none: shorter than 400 ms, nowhere above its gate of -70 LUFS, or at a rate
        that can't hold its filters.
    """
    if audio.sample_rate_hz < _LOWEST_RATE_HZ:
        return None
    step_powers = np.concatenate([np.empty(0), *_step_powers(audio)]) * gain**2
    if len(step_powers) < _STEPS_PER_BLOCK:
        return None
    powers = np.convolve(step_powers, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK), mode="valid")
    powers = powers[powers > _power(_ABSOLUTE_GATE_LUFS)]
    if not len(powers):
        return None
    powers = powers[powers > powers.mean() * 10 ** (_RELATIVE_GATE_LU / 10)]
    return float(_CALIBRATION_LU + 10 * np.log10(powers.mean()))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _CALIBRATION_LU) / 10))


def _step_powers(audio: Audio) -> Iterator[npt.NDArray[np.float64]]:
    """Mean square of the K-weighted signal, summed over channels, for each whole 100 ms."""
    from pyloudnorm import Meter
    from scipy.signal import lfilter

    step = round(_BLOCK_S / _STEPS_PER_BLOCK * audio.sample_rate_hz)
    filters = [(kind.b, kind.a) for kind in Meter(audio.sample_rate_hz)._filters.values()]
    states = [np.zeros((audio.channels, 2)) for _ in filters]
    block_samples = step * max(1, _FILTERED_SAMPLES // step)
    for start in range(0, audio.samples.shape[1], block_samples):
        block: Samples | npt.NDArray[np.float64] = audio.samples[:, start : start + block_samples]
        for index, (numerator, denominator) in enumerate(filters):
            block, states[index] = lfilter(numerator, denominator, block, axis=1, zi=states[index])
        whole = block.shape[1] // step
        steps = block[:, : whole * step].reshape(audio.channels, whole, step)
        yield np.einsum("cks,cks->k", steps, steps) / step
