"""A second opinion on where there is speech, of another kind than a trained network's: where something has a pitch.

A voice is periodic, is louder than what lies under it, and its pitch moves. Noise is not periodic, hum is no louder
than itself, the pitch of a tone stands still. Vowels come at least twice a second, so every word has one near it; music
and animals may have them too, which a network tells apart. docs/hallucinations.md has the figures of both, of WebRTC's
detector and of a larger network.
"""

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples
from modellab.media.running import running_maximum, running_mean, running_minimum
from modellab.surfaces.results import Segment

RATE_HZ = 8000
"""Of the audio it wants: a voice's pitch and its first overtones are far below half of it."""
HOP_S = 0.02
_WINDOW_S = 0.04
"""Three periods of the lowest voice."""
_BAND_HZ = (100.0, 2500.0)
_PITCH_HZ = (75.0, 400.0)
_LEAST_PERIODICITY = 0.5
"""Of the autocorrelation at the pitch to that at 0; noise in a window this short stays below 0.4."""
_LEAST_ABOVE_FLOOR_DB = 6.0
_LEAST_LEVEL_DB = -55.0
_FLOOR_S = 3.0
"""Nobody speaks so long without a pause for breath: the quietest of it is what lies under the voice."""
_FLOOR_SMOOTHING = 5
_STEADY_FRAMES = 9
_STEADY = 0.004
"""Standard deviation of the logarithm of the pitch within 0.18 s below which it is an instrument's."""
_LEAST_FRAMES = 3
"""Periodic for less than 60 ms is no vowel."""
_BLOCK_FRAMES = 3000
"""A minute at a time, so that memory does not grow with the recording."""
_FFT = 1024

_Floats = npt.NDArray[np.float32]


def voiced(samples: Samples) -> list[Segment]:
    """Where something with a moving pitch is heard, in the time of the samples: disjoint, in order.

    Args:
        samples: mono at `RATE_HZ`, shape `(n,)`, about as loud as speech is (`modellab.media.quiet.audible`).
    """
    level, periodicity, pitch = _measured(samples)
    if not len(level):
        return []
    heard = (periodicity > _LEAST_PERIODICITY) & (level > _LEAST_LEVEL_DB)
    heard &= level - _floor(level) > _LEAST_ABOVE_FLOOR_DB
    heard &= ~_stands_still(pitch)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], heard.astype(np.int8), [0]])))
    return [
        Segment(round(start * HOP_S, 3), round(end * HOP_S, 3))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        if end - start >= _LEAST_FRAMES
    ]


def _measured(samples: Samples) -> tuple[_Floats, _Floats, _Floats]:
    """For each frame its level in dB, how periodic it is, 0 to 1, and the logarithm of the period in samples."""
    hop, width = round(HOP_S * RATE_HZ), round(_WINDOW_S * RATE_HZ)
    frames = len(samples) // hop
    window = np.hanning(width).astype(np.float32)
    of_window = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2)[:width]
    weights = (of_window / of_window[0] + 1e-3).astype(np.float32)
    hertz = np.fft.rfftfreq(_FFT, 1 / RATE_HZ)
    outside = (hertz < _BAND_HZ[0]) | (hertz > _BAND_HZ[1])
    shortest, longest = round(RATE_HZ / _PITCH_HZ[1]), round(RATE_HZ / _PITCH_HZ[0])
    level, periodicity, pitch = (np.empty(frames, dtype=np.float32) for _ in range(3))
    padded = np.pad(samples, (width // 2, width))
    for first in range(0, frames, _BLOCK_FRAMES):
        end = min(first + _BLOCK_FRAMES, frames)
        block = np.lib.stride_tricks.sliding_window_view(padded[first * hop : end * hop + width], width)[::hop]
        power = np.abs(np.fft.rfft(block[: end - first] * window, _FFT)).astype(np.float32) ** 2
        power[:, outside] = 0.0
        correlation = np.fft.irfft(power)[:, :width].astype(np.float32)
        whole = correlation[:, :1]
        level[first:end] = 10 * np.log10(whole[:, 0] / width + 1e-9)
        candidates = (correlation / (whole + 1e-9) / weights)[:, shortest:longest]
        best = candidates.argmax(axis=1)
        periodicity[first:end] = candidates[np.arange(len(best)), best]
        pitch[first:end] = np.log(best + shortest)
    return level, periodicity, pitch


def _floor(level: _Floats) -> _Floats:
    """The least of the smoothed level about each frame."""
    smooth = running_mean(level, _FLOOR_SMOOTHING)
    return running_minimum(smooth, min(len(level), round(_FLOOR_S / HOP_S) + 1))


def _stands_still(pitch: _Floats) -> npt.NDArray[np.bool_]:
    """The frames of every stretch in which the pitch does not move."""
    if len(pitch) < _STEADY_FRAMES:
        return np.zeros(len(pitch), dtype=bool)
    exact = pitch.astype(np.float64)
    mean = running_mean(exact, _STEADY_FRAMES)
    spread = np.sqrt(np.maximum(running_mean(exact**2, _STEADY_FRAMES) - mean**2, 0.0))
    return running_maximum(spread < _STEADY, _STEADY_FRAMES)
