"""YAMNet's input: log-mel spectrograms of a second of sound, as its makers' `features.py` and `params.py` define them.

https://github.com/tensorflow/models/tree/master/research/audioset/yamnet: 25 ms windows every 10 ms, 64 mel bands from
125 to 7500 Hz, the logarithm of the magnitude and 0.001; patches of 96 windows every 48.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples

Floats = npt.NDArray[np.float32]

RATE_HZ = 16_000
WINDOW_SAMPLES, HOP_SAMPLES, FFT_SAMPLES = 400, 160, 512
MEL_BANDS, LOW_HZ, HIGH_HZ = 64, 125.0, 7500.0
LOG_OFFSET = 0.001
PATCH_FRAMES, PATCH_HOP_FRAMES = 96, 48
PATCH_S = PATCH_FRAMES * HOP_SAMPLES / RATE_HZ
"""How much sound a patch is about, as its makers count it; its last window reaches 15 ms further."""
PATCH_HOP_S = PATCH_HOP_FRAMES * HOP_SAMPLES / RATE_HZ
_PATCH_SAMPLES = (PATCH_FRAMES - 1) * HOP_SAMPLES + WINDOW_SAMPLES
_PATCH_HOP_SAMPLES = PATCH_HOP_FRAMES * HOP_SAMPLES


def patch_count(samples: int) -> int:
    """How many patches a sound has: silence is added to its end until every sample is in one."""
    return 1 + max(0, -(-(samples - _PATCH_SAMPLES) // _PATCH_HOP_SAMPLES))


def patches(samples: Samples) -> Iterator[Floats]:
    """Log-mel patches of 16 kHz sound in order, shape `(96, 64)`; at least one, filled up with silence."""
    for number in range(patch_count(len(samples))):
        start = number * _PATCH_HOP_SAMPLES
        piece = samples[start : start + _PATCH_SAMPLES]
        yield log_mel(np.pad(piece, (0, _PATCH_SAMPLES - len(piece))))


def log_mel(samples: Samples) -> Floats:
    """Log-mel spectrogram, shape `(windows, 64)`; windows that reach beyond the end are left out."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::HOP_SAMPLES]
    magnitudes = np.abs(np.fft.rfft(windows * _hann(), FFT_SAMPLES)).astype(np.float32)
    found: Floats = np.log(magnitudes @ mel_weights() + np.float32(LOG_OFFSET))
    return found


@cache
def mel_weights() -> Floats:
    """Weight of each frequency in each band, shape `(257, 64)`: triangles on HTK's mel scale, 1 at their tops."""
    frequencies = _mel(np.linspace(0.0, RATE_HZ / 2, FFT_SAMPLES // 2 + 1))[:, None]
    edges = np.linspace(_mel(np.array(LOW_HZ)), _mel(np.array(HIGH_HZ)), MEL_BANDS + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((frequencies - low) / (middle - low), (high - frequencies) / (high - middle))
    found: Floats = np.maximum(0.0, triangles).astype(np.float32)
    return found


@cache
def _hann() -> Floats:
    """A periodic Hann window."""
    found: Floats = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)).astype(np.float32)
    return found


def _mel(hertz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = 1127.0 * np.log1p(hertz / 700.0)
    return found
