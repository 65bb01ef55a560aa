"""A Whisper in two ONNX files as optimum exports them, decoded greedily.

`encoder_model.onnx` makes `last_hidden_state` of `input_features`. `decoder_model_merged.onnx` holds the decoder with
and without its cache: `use_cache_branch` says which is meant; `past_key_values.<layer>.<decoder|encoder>.<key|value>`
go in and `present.<...>` come out. The encoder's part of the cache stays as the first step made it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import WeightsCorrupt
from modellab.surfaces.contracts import Progress

ENCODER, DECODER = "onnx/encoder_model.onnx", "onnx/decoder_model_merged.onnx"
_PAST, _PRESENT = "past_key_values.", "present."
_ALWAYS = ("input_ids", "encoder_hidden_states", "use_cache_branch")

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What was decoded."""

    tokens: list[int]
    average_log_probability: float
    """Mean over the tokens and the end, before any was suppressed."""


class OnnxWhisper:
    """The networks of a folder.

    Args:
        suppressed: tokens that are never written.
        suppressed_first: those that are not written first.
        end: token that ends the text.
        most_tokens: of the prompt and the text.

    Raises:
        WeightsCorrupt: the files are no such networks.
    """

    def __init__(
        self,
        folder: Path,
        threads: int,
        *,
        suppressed: Sequence[int],
        suppressed_first: Sequence[int],
        end: int,
        most_tokens: int,
    ) -> None:
        self._encoder, self._decoder = (_session(folder / name, threads) for name in (ENCODER, DECODER))
        inputs = {one.name: one.shape for one in self._decoder.get_inputs()}
        self._past = {name: shape for name, shape in inputs.items() if name.startswith(_PAST)}
        self._outputs = [one.name for one in self._decoder.get_outputs()]
        wanted = {*_ALWAYS, *(name.replace(_PRESENT, _PAST) for name in self._outputs if name.startswith(_PRESENT))}
        if wanted != inputs.keys() or not self._past:
            raise WeightsCorrupt(
                f"{folder / DECODER} is not a merged decoder of Whisper",
                found=", ".join(sorted(inputs)),
                allowed="input_ids, encoder_hidden_states, use_cache_branch and its cache, past_key_values.*",
            )
        self._suppressed, self._suppressed_first = list(suppressed), list(suppressed_first)
        self._end, self._most_tokens = end, most_tokens

    def encode(self, features: Array) -> Array:
        """Shape `(1, frames, width)`, of a spectrogram `(1, bands, 2 x frames)`."""
        (hidden,) = self._encoder.run(["last_hidden_state"], {"input_features": features.astype(np.float32)})
        found: Array = hidden
        return found

    def likely(self, hidden: Array, prompt: Sequence[int]) -> Array:
        """Log probabilities of the token after a prompt, shape `(vocabulary,)`."""
        return _log_softmax(self._step(hidden, prompt, None)[0])

    def write(self, hidden: Array, prompt: Sequence[int], progress: Progress) -> Written:
        """The likeliest token each time, until the end or until there is no room.

        Args:
            progress: told at each token; what it raises ends the decoding.
        """
        tokens: list[int] = []
        likelihoods: list[float] = []
        cache: Mapping[str, Array] | None = None
        given = list(prompt)
        room = self._most_tokens - len(prompt)
        while len(tokens) < room:
            logits, cache = self._step(hidden, given, cache)
            likely = _log_softmax(logits)
            logits[self._suppressed] = -np.inf
            if not tokens:
                logits[self._suppressed_first] = -np.inf
            token = int(logits.argmax())
            likelihoods.append(float(likely[token]))
            if token == self._end:
                break
            tokens.append(token)
            given = [token]
            progress(len(tokens) / room)
        return Written(tokens, fsum(likelihoods) / len(likelihoods))

    def _step(
        self, hidden: Array, tokens: Sequence[int], cache: Mapping[str, Array] | None
    ) -> tuple[Array, Mapping[str, Array]]:
        """Logits after the last token, and the cache with these tokens in it."""
        empty = {name: _nothing(shape) for name, shape in self._past.items()} if cache is None else {}
        made = self._decoder.run(
            self._outputs,
            {
                "input_ids": np.array([tokens], dtype=np.int64),
                "encoder_hidden_states": hidden,
                "use_cache_branch": np.array([cache is not None]),
                **(cache or empty),
            },
        )
        named = dict(zip(self._outputs, made, strict=True))
        present = {name.replace(_PRESENT, _PAST): value for name, value in named.items() if name != "logits"}
        if cache is not None:
            present |= {name: value for name, value in cache.items() if ".encoder." in name}
        return np.array(named["logits"][0, -1], dtype=np.float64), present


def _nothing(shape: Sequence[Any]) -> Array:
    """An empty cache: one row, heads and width as the file has them, no tokens."""
    heads, width = shape[1], shape[3]
    return np.zeros((1, heads, 0, width), dtype=np.float32)


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max()
    found: Array = shifted - np.log(np.exp(shifted).sum())
    return found


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own errors have no common base
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsCorrupt(f"{path} is not an ONNX network", found=first) from error
