"""Log-mel features of Whisper's kind, for 8 s of audio, in numpy.

The sums of `WhisperFeatureExtractor` in transformers, which the network was trained on, and of the numpy version of it
in pipecat-ai (pipecat/audio/turn/smart_turn/_whisper_features.py): a test compares the numbers with the latter's.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples

RATE_HZ = 16_000
WINDOW_SAMPLES = 8 * RATE_HZ
MEL_BANDS = 80
_FRAME_SAMPLES = 400
"""25 ms."""
_HOP_SAMPLES = 160
"""10 ms."""
_LEAST_VARIANCE = 1e-7
_LEAST_POWER = 1e-10
_RANGE = 8.0
"""Powers of ten below the loudest, under which everything is the same."""

Floats = npt.NDArray[np.float64]


def log_mel(samples: Samples) -> npt.NDArray[np.float32]:
    """Features of the last 8 s of 16 kHz audio, shape `(80, 800)`; silence stands before shorter audio."""
    window = np.zeros(WINDOW_SAMPLES, dtype=np.float32)
    last = samples[-WINDOW_SAMPLES:]
    window[WINDOW_SAMPLES - len(last) :] = last
    window = (window - window.mean()) / np.sqrt(window.var() + _LEAST_VARIANCE)
    padded = np.pad(window.astype(np.float64), _FRAME_SAMPLES // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME_SAMPLES)[::_HOP_SAMPLES]
    hann = np.hanning(_FRAME_SAMPLES + 1)[:-1]
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    # The last of the centred frames begins where the audio ends.
    logs = np.log10(np.maximum(_LEAST_POWER, _mel_filters() @ power[:-1].T))
    features: npt.NDArray[np.float32] = ((np.maximum(logs, logs.max() - _RANGE) + 4.0) / 4.0).astype(np.float32)
    return features


@cache
def _mel_filters() -> Floats:
    """Triangles of equal area on Slaney's mel scale (Auditory Toolbox, 1998), shape `(80, 201)`."""
    edges = _hz_of_mel(np.linspace(0.0, _mel_of_hz(RATE_HZ / 2), MEL_BANDS + 2))
    bins = np.linspace(0.0, RATE_HZ / 2, _FRAME_SAMPLES // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0.0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    filters: Floats = triangles * 2.0 / (high - low)
    return filters


_LINEAR_HZ = 200.0 / 3.0
"""Hertz of a mel below 1 kHz."""
_LOG_FROM_HZ, _LOG_FROM_MEL = 1000.0, 15.0
_LOG_STEP = np.log(6.4) / 27.0
"""Above 1 kHz a mel is that much in the logarithm of the frequency."""


def _mel_of_hz(hz: float) -> float:
    return hz / _LINEAR_HZ if hz < _LOG_FROM_HZ else float(_LOG_FROM_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def _hz_of_mel(mels: Floats) -> Floats:
    above = _LOG_FROM_HZ * np.exp(_LOG_STEP * (mels - _LOG_FROM_MEL))
    return np.where(mels < _LOG_FROM_MEL, mels * _LINEAR_HZ, above)
