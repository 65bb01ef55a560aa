"""A Whisper's tensors under OpenAI's names, from CTranslate2's: each accounted for, by name and by shape.

OpenAI's names are those of its `whisper/model.py`. CTranslate2 fuses query, key and value of a self-attention into
`linear_0`, and key and value of a cross-attention into `linear_1`; keys have no bias in Whisper, and zeros there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import TextRefused, WeightsCorrupt
from modellab.outside import read_json
from models._whisper.ctranslate2_file import Array, Ctranslate2File, read_ctranslate2

_SPECIFICATION, _REVISION = "WhisperSpec", 3
_PROJECTION, _EMBEDDINGS = "decoder/projection/weight", "decoder/embeddings/weight"
"""One and the same in Whisper: what a token is and how it is told from others."""
_GELU = 3
"""OpenAI's: the exact one, by the error function (ctranslate2/specs/common_spec.py)."""
_SETTINGS = {
    "decoder/activation": _GELU,
    "decoder/alibi": 0,
    "decoder/alibi_use_positive_positions": 0,
    "decoder/pre_norm": 1,
    "decoder/scale_alibi": 0,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}
"""What CTranslate2 states of an architecture that has one answer for Whisper."""
_UNUSED = frozenset({"decoder/alignment_heads", "decoder/alignment_layer"})
"""Of other models: Whisper's alignment heads are in `config.json`."""
_FEED_FORWARD = 4
"""The inner layer is four times as wide as the outer."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The sizes of a Whisper, as OpenAI's checkpoints name them."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    @property
    def is_multilingual(self) -> bool:
        """English-only Whispers have one token less (openai/whisper, whisper/model.py)."""
        return self.n_vocab >= 51865

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class WhisperTensors:
    """A whole Whisper."""

    dimensions: Dimensions
    tensors: dict[str, Array]
    """OpenAI's name -> numbers, in order of OpenAI's modules; float16 or float32 as they were stored."""
    alignment_heads: list[list[int]]
    """Layer and head of the decoder's attentions that follow the audio in time."""
    settings: Mapping[str, Any]
    """CTranslate2's `config.json`: tokens that are never written, and the like."""


def read_whisper(folder: Path) -> WhisperTensors:
    """The Whisper in a folder of faster-whisper's files: `model.bin` and `config.json`.

    Raises:
        WeightsCorrupt: they are incomplete, or hold more than a Whisper.
    """
    file = read_ctranslate2(folder / "model.bin")
    settings = _settings(folder / "config.json")
    if (file.specification, file.revision) != (_SPECIFICATION, _REVISION):
        raise WeightsCorrupt(
            f"{file.path} holds another model",
            found=f"{file.specification} {file.revision}",
            allowed=f"{_SPECIFICATION} {_REVISION}",
        )
    left = file.plain()
    heads = _heads(file, left)
    _take_settings(file, left)
    tensors: dict[str, Array] = {}
    layers = {side: _layers(left, side) for side in ("encoder", "decoder")}
    try:
        for ours, theirs, part in _names(layers):
            tensors[ours] = _part(file, left[theirs], theirs, part)
        unused = left.keys() - {theirs for _, theirs, _ in _names(layers)}
        dimensions = Dimensions(
            n_mels=tensors["encoder.conv1.weight"].shape[1],
            n_audio_ctx=tensors["encoder.positional_embedding"].shape[0],
            n_audio_state=tensors["encoder.positional_embedding"].shape[1],
            n_audio_head=heads["encoder"],
            n_audio_layer=layers["encoder"],
            n_vocab=tensors["decoder.token_embedding.weight"].shape[0],
            n_text_ctx=tensors["decoder.positional_embedding"].shape[0],
            n_text_state=tensors["decoder.positional_embedding"].shape[1],
            n_text_head=heads["decoder"],
            n_text_layer=layers["decoder"],
        )
    except (KeyError, IndexError) as error:
        raise WeightsCorrupt(f"{file.path} is incomplete", found=f"no {error.args[0]}") from error
    if unused:
        raise WeightsCorrupt(f"{file.path} holds what a Whisper has not", found=", ".join(sorted(unused)))
    _check_shapes(file, dimensions, tensors)
    return WhisperTensors(dimensions, tensors, settings["alignment_heads"], settings)


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except (OSError, TextRefused) as error:
        raise WeightsCorrupt(f"{path} can't be read", found=str(error)) from error
    wanted = ("alignment_heads", "suppress_ids", "suppress_ids_begin")
    if not isinstance(found, dict) or (missing := [name for name in wanted if not isinstance(found.get(name), list)]):
        raise WeightsCorrupt(f"{path} is not the config of a Whisper", found=f"no list {missing[0]}")
    return found


def _heads(file: Ctranslate2File, left: dict[str, Array]) -> dict[str, int]:
    try:
        return {side: int(left.pop(f"{side}/num_heads")) for side in ("encoder", "decoder")}
    except KeyError as error:
        raise WeightsCorrupt(f"{file.path} is incomplete", found=f"no {error.args[0]}") from error


def _take_settings(file: Ctranslate2File, left: dict[str, Array]) -> None:
    """Take the scalars and the second name of the embeddings out, each checked to be what it is in a Whisper."""
    projection = left.pop(_PROJECTION, None)
    if projection is None or not np.array_equal(projection, left.get(_EMBEDDINGS, ())):
        raise WeightsCorrupt(f"{file.path}: {_PROJECTION} and {_EMBEDDINGS} are not the same, as in every Whisper")
    for name in [name for name, values in left.items() if not values.ndim and name not in _UNUSED]:
        value = int(left.pop(name))
        if _SETTINGS.get(name) != value:
            raise WeightsCorrupt(
                f"{file.path} has a setting that no Whisper has",
                found=f"{name} = {value}",
                allowed=str(_SETTINGS.get(name)),
            )
    for name in _UNUSED:
        left.pop(name, None)


def _layers(found: Mapping[str, Array], side: str) -> int:
    numbers = (re.match(rf"{side}/layer_(\d+)/", name) for name in found)
    return 1 + max((int(match[1]) for match in numbers if match), default=-1)


Part = tuple[int, int] | None
"""Which of how many equal parts, counted along the rows; None for the whole."""


def _names(layers: Mapping[str, int]) -> Iterator[tuple[str, str, Part]]:
    """OpenAI's name of each tensor, CTranslate2's name of the one that holds it, and which part of that it is."""
    for side in ("encoder", "decoder"):
        yield f"{side}.positional_embedding", f"{side}/position_encodings/encodings", None
        if side == "encoder":
            for name in ("conv1", "conv2"):
                yield f"encoder.{name}.weight", f"encoder/{name}/weight", None
                yield f"encoder.{name}.bias", f"encoder/{name}/bias", None
        else:
            yield "decoder.token_embedding.weight", "decoder/embeddings/weight", None
        for number in range(layers[side]):
            ours, theirs = f"{side}.blocks.{number}", f"{side}/layer_{number}"
            yield from _self_attention(f"{ours}.attn", f"{theirs}/self_attention")
            yield from _norm(f"{ours}.attn_ln", f"{theirs}/self_attention/layer_norm")
            if side == "decoder":
                yield from _cross_attention(f"{ours}.cross_attn", f"{theirs}/attention")
                yield from _norm(f"{ours}.cross_attn_ln", f"{theirs}/attention/layer_norm")
            yield from _linear(f"{ours}.mlp.0", f"{theirs}/ffn/linear_0")
            yield from _linear(f"{ours}.mlp.2", f"{theirs}/ffn/linear_1")
            yield from _norm(f"{ours}.mlp_ln", f"{theirs}/ffn/layer_norm")
        yield from _norm("encoder.ln_post" if side == "encoder" else "decoder.ln", f"{side}/layer_norm")


def _linear(ours: str, theirs: str, part: Part = None) -> Iterator[tuple[str, str, Part]]:
    yield f"{ours}.weight", f"{theirs}/weight", part
    yield f"{ours}.bias", f"{theirs}/bias", part


def _norm(ours: str, theirs: str) -> Iterator[tuple[str, str, Part]]:
    yield f"{ours}.weight", f"{theirs}/gamma", None
    yield f"{ours}.bias", f"{theirs}/beta", None


def _self_attention(ours: str, theirs: str) -> Iterator[tuple[str, str, Part]]:
    yield from _linear(f"{ours}.query", f"{theirs}/linear_0", (0, 3))
    yield f"{ours}.key.weight", f"{theirs}/linear_0/weight", (1, 3)
    yield from _linear(f"{ours}.value", f"{theirs}/linear_0", (2, 3))
    yield from _linear(f"{ours}.out", f"{theirs}/linear_1")


def _cross_attention(ours: str, theirs: str) -> Iterator[tuple[str, str, Part]]:
    yield from _linear(f"{ours}.query", f"{theirs}/linear_0")
    yield f"{ours}.key.weight", f"{theirs}/linear_1/weight", (0, 2)
    yield from _linear(f"{ours}.value", f"{theirs}/linear_1", (1, 2))
    yield from _linear(f"{ours}.out", f"{theirs}/linear_2")


def _part(file: Ctranslate2File, whole: Array, name: str, part: Part) -> Array:
    """One of the parts; a bias of several must be 0 for the key, which has none."""
    if part is None:
        return whole
    number, parts = part
    if whole.shape[0] % parts:
        raise WeightsCorrupt(f"{file.path}: {name} has {whole.shape[0]} rows, not {parts} equal parts")
    pieces = np.split(whole, parts)
    if whole.ndim == 1 and np.any(pieces[parts - 2]):
        raise WeightsCorrupt(f"{file.path}: {name} gives the key a bias, which no Whisper has")
    return pieces[number]


def _check_shapes(file: Ctranslate2File, size: Dimensions, tensors: Mapping[str, Array]) -> None:
    for name, wanted in shapes(size).items():
        shape = tensors[name].shape
        if shape != wanted:
            raise WeightsCorrupt(f"{file.path}: {name} has another shape", found=str(shape), allowed=str(wanted))
    if size.n_audio_state % size.n_audio_head or size.n_text_state % size.n_text_head:
        raise WeightsCorrupt(f"{file.path} has heads that its width can't be shared among", found=str(size))


def shapes(size: Dimensions) -> dict[str, tuple[int, ...]]:
    """OpenAI's name of each tensor of a Whisper of some size -> its shape."""
    layers = {"encoder": size.n_audio_layer, "decoder": size.n_text_layer}
    return {name: _shape(name, size) for name, _, _ in _names(layers)}


def _shape(name: str, size: Dimensions) -> tuple[int, ...]:
    """Shape of a tensor by OpenAI's name."""
    audio, text = size.n_audio_state, size.n_text_state
    fixed: dict[str, tuple[int, ...]] = {
        "encoder.positional_embedding": (size.n_audio_ctx, audio),
        "encoder.conv1.weight": (audio, size.n_mels, 3),
        "encoder.conv2.weight": (audio, audio, 3),
        "decoder.positional_embedding": (size.n_text_ctx, text),
        "decoder.token_embedding.weight": (size.n_vocab, text),
    }
    if name in fixed:
        return fixed[name]
    width = audio if name.startswith("encoder") else text
    inner = _FEED_FORWARD * width
    if ".mlp.0." in name:
        return (inner, width) if name.endswith("weight") else (inner,)
    if ".mlp.2." in name:
        return (width, inner) if name.endswith("weight") else (width,)
    square = name.endswith("weight") and re.search(r"\.(query|key|value|out)\.", name)
    return (width, width) if square else (width,)
