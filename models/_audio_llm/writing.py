"""How much a model that writes down what it hears may write, and whether it came to an end.

A model that falls into a loop writes until somebody stops it. So each piece has a limit that grows with its audio,
above what anybody says in that time; a text that reaches it is marked.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modellab.surfaces.contracts import Progress
from models._transformers.generation import greedy

TOKENS_PER_S = 15.0
"""More than anybody says: fast speech has five words a second, and a word up to three tokens in languages whose
letters are rare in the vocabulary."""
LEAST_TOKENS = 40
"""Also of the shortest piece: what frames the text (a language's name, say) takes its part."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote of one piece."""

    tokens: tuple[int, ...]
    """Without the prompt, and without the end that the model set."""
    average_log_probability: float | None
    """Mean over the tokens and the end, natural logarithm; None where the model's numbers are none."""
    finished: bool
    """Whether it set an end by itself before the limit."""


def token_limit(duration_s: float, tokens_per_s: float = TOKENS_PER_S) -> int:
    """How much a model may write of so much audio."""
    return LEAST_TOKENS + math.ceil(duration_s * tokens_per_s)


def write(model: Any, inputs: Mapping[str, Any], limit: int, progress: Progress, **options: Any) -> list[Written]:
    """What the model writes of each prompt of a batch, always the likeliest token.

    Args:
        inputs: what its processor made; prompts in `input_ids`, padded on the left.
        limit: tokens after which it is stopped.
        progress: told at each token, so that whoever raises there stops it.
        options: further ones of the model's `generate`.
    """
    # Of sampling alone, and warned of where nothing is sampled: some checkpoints name them.
    unused = {"temperature": None, "top_p": None, "top_k": None}
    made = greedy(model, inputs, most_tokens=limit, progress=progress, **unused, **options)
    ends = model.generation_config.eos_token_id
    known = frozenset(ends if isinstance(ends, list | tuple) else () if ends is None else (ends,))
    return [
        _written(row, likelihood, known)
        for row, likelihood in zip(made.tokens.tolist(), made.log_probabilities, strict=True)
    ]


def _written(row: list[int], likelihood: float | None, ends: frozenset[int]) -> Written:
    length = next((index for index, token in enumerate(row) if token in ends), None)
    known = likelihood if likelihood is not None and math.isfinite(likelihood) else None
    return Written(tuple(row[:length]), known, length is not None)
