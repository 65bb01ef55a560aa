"""Recognisers with a CTC decoder: each frame has a token or none, and a token lasts as long as it is repeated."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from modellab.speech.by_pieces import Heard
from models._transformers.generation import on
from models._transformers.token_times import Token, heard


def hear(model: Any, tokenizer: Any, inputs: Mapping[str, Any], frame_s: float) -> list[Heard]:
    """What each row of a batch says.

    Args:
        inputs: what the model's `generate` takes, on any device and in any precision.
        frame_s: seconds from a frame to the next.
    """
    import torch

    with torch.inference_mode():
        made = model.generate(**on(model, inputs), return_dict_in_generate=True)
        likely = made.logits.float().log_softmax(-1).amax(-1)
    rows = zip(made.sequences.tolist(), likely.tolist(), strict=True)
    return [heard(tokenizer, _runs(row, of_row, frame_s), [model.config.pad_token_id]) for row, of_row in rows]


def _runs(frames: Sequence[int], likely: Sequence[float], frame_s: float) -> Iterator[Token]:
    """Each run of one token; as likely as its surest frame."""
    place = 0
    for token, run in groupby(frames):
        length = len(list(run))
        yield Token(token, place * frame_s, (place + length) * frame_s, max(likely[place : place + length]))
        place += length
