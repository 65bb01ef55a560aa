"""Greedy decoding with transformers: the same input gives the same text; it can be stopped at any token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.surfaces.contracts import Progress


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model wrote after each of its inputs."""

    tokens: Any
    """Shape `(rows, tokens)`, without the prompt; what follows a row's end is padding."""
    log_probabilities: Sequence[float | None]
    """Of each row, the mean natural logarithm of its tokens' probabilities, its end among them; None of no tokens."""


def greedy(model: Any, inputs: Mapping[str, Any], *, most_tokens: int, progress: Progress, **options: Any) -> Generated:
    """The likeliest token each time, until a row ends.

    Args:
        inputs: what the model's `generate` takes, on any device and in any precision.
        most_tokens: longest answer.
        progress: called at every token; whatever it raises ends the decoding.
        options: further ones of `generate`.
    """
    import torch
    from transformers import LogitsProcessorList

    watch = _Watch(most_tokens, progress)
    with torch.inference_mode():
        made = model.generate(
            **on(model, inputs),
            do_sample=False,
            num_beams=1,
            max_new_tokens=most_tokens,
            logits_processor=LogitsProcessorList([watch]),
            **options,
        )
    tokens = made if torch.is_tensor(made) else made.sequences
    tokens = tokens[:, tokens.shape[1] - len(watch.best) :]
    return Generated(tokens, _means(tokens, watch.best, _ends(model)))


def on(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs where the model is, numbers of sound in its precision."""
    import torch

    return {
        name: value.to(model.device, model.dtype if value.is_floating_point() else None)
        if torch.is_tensor(value)
        else value
        for name, value in inputs.items()
    }


class _Watch:
    """Looks at the scores of every token and leaves them as they are: a logits processor, the last one.

    Args:
        most_tokens: as many are all of the work.
    """

    def __init__(self, most_tokens: int, progress: Progress) -> None:
        self._most_tokens, self._progress = most_tokens, progress
        self.best: list[Any] = []
        """Of each token so far, the natural logarithm of the likeliest one's probability, shape `(rows,)`."""

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        self.best.append(torch.log_softmax(scores.float(), dim=-1).amax(dim=-1))
        self._progress(min(1.0, len(self.best) / self._most_tokens))
        return scores


def _ends(model: Any) -> list[int]:
    end = model.generation_config.eos_token_id
    return [] if end is None else [end] if isinstance(end, int) else list(end)


def _means(tokens: Any, best: Sequence[Any], ends: Sequence[int]) -> list[float | None]:
    import torch

    if not best:
        return [None] * len(tokens)
    is_end = torch.isin(tokens, torch.tensor(ends, dtype=tokens.dtype, device=tokens.device))
    counts = (is_end.cumsum(dim=1) - is_end.long()) == 0
    values = torch.stack(list(best), dim=1).to(tokens.device)
    return [float(value) for value in (values * counts).sum(dim=1) / counts.sum(dim=1)]
