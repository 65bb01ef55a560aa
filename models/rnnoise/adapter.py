"""RNNoise through its C library, which the package pyrnnoise brings.

pyrnnoise's own functions take and give 16-bit integers, cut off what lies between two of them and wrap around what
goes beyond full scale. The library itself works on floats, so it is called directly.
"""

import ctypes
import weakref

import numpy as np

from modellab.media.audio import Samples
from modellab.media.frames import FrameStream
from modellab.registry.loaded import LoadRequest

FRAME_SAMPLES = 480
"""10 ms at 48 kHz (rnnoise.h: `rnnoise_get_frame_size`)."""
DELAY_SAMPLES = 2 * FRAME_SAMPLES
"""One frame of the overlapping transform, and one that the network looks ahead."""
_FULL_SCALE = np.float32(32768.0)
"""The library's floats are 16-bit samples that need not be whole."""


class RNNoise:
    """RNNoise, loaded; offers the surface `enhance`."""

    def __init__(self) -> None:
        from pyrnnoise.rnnoise import LIBRNNOISE

        self._library = ctypes.CDLL(LIBRNNOISE)
        self._library.rnnoise_create.restype = ctypes.c_void_p
        self._library.rnnoise_create.argtypes = [ctypes.c_void_p]
        self._library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
        self._library.rnnoise_process_frame.restype = ctypes.c_float
        self._library.rnnoise_process_frame.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]

    def stream(self) -> FrameStream:
        """A new stream of 48 kHz audio."""
        state = self._library.rnnoise_create(None)
        process = self._library.rnnoise_process_frame

        def enhance(frames: Samples) -> Samples:
            output = frames * _FULL_SCALE
            address, step = output.ctypes.data, output.strides[0]
            for place in range(address, address + len(output) * step, step):
                process(state, place, place)
            return output / _FULL_SCALE

        stream = FrameStream(enhance, FRAME_SAMPLES, DELAY_SAMPLES)
        weakref.finalize(stream, self._library.rnnoise_destroy, state)
        return stream


def load(request: LoadRequest) -> RNNoise:
    """Load the library, which holds the network."""
    return RNNoise()
