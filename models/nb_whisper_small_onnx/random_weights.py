"""Tiny networks with random numbers in the two ONNX files' layout, and Whisper's own tokens.

The decoder has one layer: attention to its own tokens, cached, and to the encoder's frames. Exporting it needs the
package onnx.
"""

import warnings
from pathlib import Path
from typing import Any

from models._whisper.tiny import tiny_whisper, tokenizer
from models._whisper.to_transformers import write_transformers
from models.nb_whisper_small_onnx.decoding import DECODER, ENCODER

_CACHE = ("decoder.key", "decoder.value", "encoder.key", "encoder.value")
_OPSET = 17
_WIDTH, _HEADS = 8, 2


def write(folder: Path, variant: str) -> None:
    """Write a variant's files, the same numbers each time."""
    import onnx
    import onnx.compose
    import torch

    tiny = tiny_whisper()
    write_transformers(tiny, tokenizer(), folder)
    (folder / "model.safetensors").unlink()
    (folder / ENCODER).parent.mkdir()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder, first, later = _networks(tiny.dimensions.n_mels, tiny.dimensions.n_vocab)
    tokens, hidden = torch.zeros(1, 4, dtype=torch.int64), torch.randn(1, 1500, _WIDTH)
    cache = [torch.randn(1, _HEADS, length, _WIDTH // _HEADS) for length in (4, 4, 1500, 1500)]
    past, present = ([f"{kind}.0.{name}" for name in _CACHE] for kind in ("past_key_values", "present"))
    outputs = ["logits", *present]
    axes = {"input_ids": {1: "tokens"}, past[0]: {2: "past"}, past[1]: {2: "past"}}
    silence = torch.zeros(1, tiny.dimensions.n_mels, 3000)
    _export(encoder, (silence,), folder / ENCODER, inputs=["input_features"], outputs=["last_hidden_state"], axes={})
    parts = []
    for network, given, names in (
        (first, (tokens, hidden), ["input_ids", "encoder_hidden_states"]),
        (later, (tokens[:, :1], *cache), ["input_ids", *past]),
    ):
        path = folder / "part.onnx"
        known = {name: axes[name] for name in names if name in axes}
        _export(network, given, path, inputs=names, outputs=outputs, axes=known)
        parts.append(onnx.load(path))
        path.unlink()
    onnx.save(_merged(onnx, parts[0], parts[1], past, outputs), folder / DECODER)


def _networks(bands: int, vocabulary: int) -> tuple[Any, Any, Any]:
    """The encoder, the decoder that begins, and the same decoder going on with its cache."""
    import torch
    from torch import nn

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv1d(bands, _WIDTH, 3, stride=2, padding=1)

        def forward(self, features: Any) -> Any:
            return self.convolution(features).transpose(1, 2).tanh()

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embeddings = nn.Embedding(vocabulary, _WIDTH)
            self.own, self.other = nn.Linear(_WIDTH, 3 * _WIDTH), nn.Linear(_WIDTH, 2 * _WIDTH)
            self.question = nn.Linear(_WIDTH, _WIDTH)
            for weight in self.parameters():
                nn.init.normal_(weight, std=0.2)
            # Of one length, so that no token is likelier than all others whatever came before.
            self.embeddings.weight.data = 4.0 * nn.functional.normalize(self.embeddings.weight.data, dim=-1)

        def heads(self, values: Any) -> Any:
            return values.reshape(1, -1, _HEADS, _WIDTH // _HEADS).transpose(1, 2)

        def attend(self, query: Any, key: Any, value: Any, mask: Any = None) -> Any:
            scores = query @ key.transpose(-1, -2)
            if mask is not None:
                scores = scores + mask
            return (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(1, -1, _WIDTH)

        def own_parts(self, tokens: Any) -> Any:
            embedded = self.embeddings(tokens)
            return embedded, [self.heads(part) for part in self.own(embedded).split(_WIDTH, dim=-1)]

        def logits(self, embedded: Any, attended: Any, key: Any, value: Any) -> Any:
            state = embedded + attended
            state = state + self.attend(self.heads(self.question(state)), key, value)
            # Were it the embeddings themselves, each token would be followed by itself.
            return state @ self.embeddings.weight.roll(1, 0).T

    class First(nn.Module):
        def __init__(self, decoder: Any) -> None:
            super().__init__()
            self.decoder = decoder

        def forward(self, tokens: Any, hidden: Any) -> Any:
            embedded, (query, key, value) = self.decoder.own_parts(tokens)
            places = torch.cumsum(torch.ones_like(tokens[0]), 0)
            mask = torch.where(places[None] > places[:, None], -1e9, 0.0)
            other_key, other_value = (self.decoder.heads(p) for p in self.decoder.other(hidden).split(_WIDTH, dim=-1))
            attended = self.decoder.attend(query, key, value, mask)
            logits = self.decoder.logits(embedded, attended, other_key, other_value)
            return logits, key, value, other_key, other_value

    class Later(nn.Module):
        def __init__(self, decoder: Any) -> None:
            super().__init__()
            self.decoder = decoder

        def forward(self, tokens: Any, key: Any, value: Any, other_key: Any, other_value: Any) -> Any:
            embedded, (query, new_key, new_value) = self.decoder.own_parts(tokens)
            key, value = torch.cat([key, new_key], 2), torch.cat([value, new_value], 2)
            attended = self.decoder.attend(query, key, value)
            logits = self.decoder.logits(embedded, attended, other_key, other_value)
            return logits, key, value, other_key * 1.0, other_value * 1.0

    decoder = Decoder()
    return Encoder().eval(), First(decoder).eval(), Later(decoder).eval()


def _export(
    network: Any, given: Any, path: Path, *, inputs: list[str], outputs: list[str], axes: dict[str, Any]
) -> None:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's age: the newer one needs a package more
        torch.onnx.export(
            network,
            given,
            str(path),
            dynamo=False,
            do_constant_folding=False,  # would store the embeddings once more
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=_OPSET,
        )


def _merged(onnx: Any, first: Any, later: Any, past: list[str], outputs: list[str]) -> Any:
    """Both decoders as the branches of one, as optimum merges them."""
    branches = []
    for prefix, model in (("first_", first), ("later_", later)):
        graph = onnx.compose.add_prefix(model, prefix, rename_inputs=False).graph
        del graph.input[:]
        branches.append(graph)
    helper, kinds = onnx.helper, onnx.TensorProto
    node = helper.make_node("If", ["use_cache_branch"], outputs, then_branch=branches[1], else_branch=branches[0])
    inputs = [
        helper.make_tensor_value_info("input_ids", kinds.INT64, [1, "tokens"]),
        helper.make_tensor_value_info("encoder_hidden_states", kinds.FLOAT, [1, 1500, _WIDTH]),
        *(helper.make_tensor_value_info(name, kinds.FLOAT, [1, _HEADS, None, _WIDTH // _HEADS]) for name in past),
        helper.make_tensor_value_info("use_cache_branch", kinds.BOOL, [1]),
    ]
    made = [helper.make_tensor_value_info(name, kinds.FLOAT, None) for name in outputs]
    graph = helper.make_graph([node], "decoder", inputs, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
