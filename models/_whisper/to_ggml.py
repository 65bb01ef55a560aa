"""A Whisper as the file that whisper.cpp opens, with matrices of 16 bits.

The layout is that of whisper.cpp's `models/convert-pt-to-ggml.py` and of `whisper_model_load` in `src/whisper.cpp`:
magic, sizes, mel filters, tokens, tensors; everything little-endian. Tensors have their shape back to front.
"""

import struct
from pathlib import Path
from typing import IO

import numpy as np

from models._whisper.ctranslate2_file import Array
from models._whisper.tensors import Dimensions, WhisperTensors
from models._whisper.tokens import text_tokens

_MAGIC = 0x67676D6C
_FLOAT32, _FLOAT16 = 0, 1
_RATE_HZ, _FFT = 16_000, 400
_WHOLE = ("encoder.conv1.bias", "encoder.conv2.bias", "encoder.positional_embedding", "decoder.positional_embedding")
"""Kept in 32 bits though they are matrices there: whisper.cpp adds them and does not multiply by them."""


def write_ggml(whisper: WhisperTensors, tokenizer: Path, path: Path) -> None:
    """Write a model file.

    Args:
        tokenizer: `tokenizer.json` of that Whisper.

    Raises:
        WeightsCorrupt: the tokenizer is not one of Whisper's.
    """
    tokens = text_tokens(tokenizer, whisper.dimensions)
    with path.open("wb") as file:
        file.write(struct.pack("<12i", _MAGIC, *_sizes(whisper.dimensions), _FLOAT16))
        filters = mel_filters(whisper.dimensions.n_mels)
        file.write(struct.pack("<2i", *filters.shape) + filters.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(tokens)))
        for token in tokens:
            file.write(struct.pack("<i", len(token)) + token)
        for name, values in whisper.tensors.items():
            _write_tensor(file, name, values)


def _sizes(size: Dimensions) -> tuple[int, ...]:
    return (
        size.n_vocab,
        size.n_audio_ctx,
        size.n_audio_state,
        size.n_audio_head,
        size.n_audio_layer,
        size.n_text_ctx,
        size.n_text_state,
        size.n_text_head,
        size.n_text_layer,
        size.n_mels,
    )


def _write_tensor(file: IO[bytes], name: str, values: Array) -> None:
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        values = values.reshape(-1, 1)
    half = values.ndim > 1 and name not in _WHOLE
    encoded = name.encode()
    kind = _FLOAT16 if half else _FLOAT32
    file.write(struct.pack("<3i", values.ndim, len(encoded), kind))
    file.write(struct.pack(f"<{values.ndim}i", *reversed(values.shape)) + encoded)
    file.write(np.ascontiguousarray(values, dtype="<f2" if half else "<f4").tobytes())


def mel_filters(bands: int) -> Array:
    """Whisper's mel filters, shape `(bands, 201)`, float32: Slaney's, of 400 samples at 16 kHz, up to 8 kHz."""
    from librosa.filters import mel

    filters: Array = mel(sr=_RATE_HZ, n_fft=_FFT, n_mels=bands)
    return filters
