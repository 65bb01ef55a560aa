"""NSNet2 (Braun and Tashev, 2020): a recurrent network says how much of each frequency of each 10 ms is speech.

Spectra and gains are those of the challenge's own baseline (microsoft/DNS-Challenge, NSNet2-baseline, `featurelib.py`
and `enhance_onnx.py` for 16 kHz): frames of 320 samples every 160, the square root of a symmetric Hann window before
the transform and after it, the logarithm of the power, gains not below -80 dB.
"""

import numpy as np

from modellab.media.audio import Samples
from modellab.media.frames import FrameStream
from modellab.registry.loaded import LoadRequest
from models.nsnet2.network import Network

WEIGHTS = "nsnet2.onnx"
HOP_SAMPLES = 160
"""10 ms at 16 kHz."""
WINDOW_SAMPLES = 2 * HOP_SAMPLES
DELAY_SAMPLES = WINDOW_SAMPLES - HOP_SAMPLES
"""A sample is known when the later of the two windows that it lies in is."""
_LEAST_POWER = 1e-12
_LEAST_GAIN = np.float32(1e-4)
_WINDOW = np.sqrt(np.hanning(WINDOW_SAMPLES))


class NSNet2:
    """The network, loaded; offers the surface `enhance`."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def stream(self) -> FrameStream:
        """A new stream of 16 kHz audio."""
        return FrameStream(_Stream(self._network).enhance, HOP_SAMPLES, DELAY_SAMPLES)


class _Stream:
    """One channel on its way: what was heard last, what is still to be added to, and what the network remembers."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._states = network.start()
        self._heard = np.zeros(HOP_SAMPLES, dtype=np.float32)
        self._unfinished = np.zeros(HOP_SAMPLES)

    def enhance(self, frames: Samples) -> Samples:
        """What is known after each of some 10 ms, shape `(frames, HOP_SAMPLES)`: `DELAY_SAMPLES` late."""
        output = np.empty_like(frames)
        for number, frame in enumerate(frames):
            spectrum = np.fft.rfft(_WINDOW * np.concatenate([self._heard, frame]))
            features = np.log10(np.maximum(np.abs(spectrum) ** 2, _LEAST_POWER)).astype(np.float32)
            gains, self._states = self._network.gains(features, self._states)
            cleaned = _WINDOW * np.fft.irfft(spectrum * np.maximum(gains, _LEAST_GAIN), WINDOW_SAMPLES)
            output[number] = self._unfinished + cleaned[:HOP_SAMPLES]
            self._unfinished, self._heard = cleaned[HOP_SAMPLES:], frame.copy()
        return output


def load(request: LoadRequest) -> NSNet2:
    """Load the network."""
    if request.weights is None:
        raise ValueError("NSNet2 has weights")
    return NSNet2(Network(request.weights / WEIGHTS, request.facts.threads))
