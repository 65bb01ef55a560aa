"""Energy and mel-frequency cepstra of speech at 16 kHz, in numpy and scipy."""

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.fft import dct

from modellab.media.audio import Samples

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 400  # 25 ms
HOP_SAMPLES = 160  # 10 ms
FRAMES_PER_SECOND = SAMPLE_RATE_HZ // HOP_SAMPLES
_FFT_SIZE = 512
_MEL_BANDS = 40
_CEPSTRA = 20
_FLOOR = 1e-10
_BLOCK_FRAMES = 60 * FRAMES_PER_SECOND
"""Frames transformed at once, so that memory does not grow with the recording."""

Frames = npt.NDArray[np.float32]


def frames_of(samples: Samples) -> Frames:
    """Overlapping frames (a view), shape `(frames, 400)`; audio shorter than a frame is padded to one."""
    if len(samples) < FRAME_SAMPLES:
        samples = np.pad(samples, (0, FRAME_SAMPLES - len(samples)))
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES]


def level_dbfs(samples: Samples) -> Frames:
    """Level of each frame in dB below full scale (a full-scale square wave is 0), shape `(frames,)`."""
    power = np.einsum("ij,ij->i", frames := frames_of(samples), frames) / FRAME_SAMPLES
    return np.asarray(10 * np.log10(np.maximum(power, _FLOOR)), dtype=np.float32)


def cepstra(samples: Samples) -> Frames:
    """Mel-frequency cepstral coefficients 1 to 20 of each frame, shape `(frames, 20)`; 0, the loudness, is left out."""
    frames = frames_of(samples)
    blocks = [_cepstra(frames[start : start + _BLOCK_FRAMES]) for start in range(0, len(frames), _BLOCK_FRAMES)]
    return np.concatenate(blocks)


def _cepstra(frames: Frames) -> Frames:
    spectrum = np.fft.rfft(frames * np.hamming(FRAME_SAMPLES).astype(np.float32), _FFT_SIZE)
    mel = np.log(np.maximum((spectrum.real**2 + spectrum.imag**2) @ _mel_filters().T, _FLOOR))
    return np.asarray(dct(mel, norm="ortho")[:, 1 : _CEPSTRA + 1], dtype=np.float32)


@cache
def _mel_filters() -> Frames:
    """Triangles evenly spaced on the mel scale, `2595 log10(1 + f / 700)` (O'Shaughnessy 1987), shape `(40, 257)`."""
    top_mel = 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, _MEL_BANDS + 2) / 2595) - 1)
    bins_hz = np.fft.rfftfreq(_FFT_SIZE, 1 / SAMPLE_RATE_HZ)
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), dtype=np.float32)
