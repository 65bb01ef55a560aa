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
    log_probabilities: Sequence[float]
    """Of each row, the mean natural logarithm of its tokens' probabilities, its end among them."""
    each: Any
    """The natural logarithm of each token's probability, shape `(rows, tokens)`."""
    output: Any
    """What the model's `generate` gave."""


def greedy(
    model: Any,
    inputs: Mapping[str, Any],
    *,
    most_tokens: int,
    progress: Progress,
    likely_tokens: int | None = None,
    **options: Any,
) -> Generated:
    """The likeliest token each time, until a row ends.

    Args:
        inputs: what the model's `generate` takes, on any device and in any precision.
        most_tokens: longest answer.
        progress: called at every token; whatever it raises ends the decoding.
        likely_tokens: as many are all of the progress, where `most_tokens` is far beyond what comes.
        options: further ones of `generate`.
    """
    import torch
    from transformers import LogitsProcessorList

    watch = _Watch(likely_tokens or most_tokens, progress)
    with torch.inference_mode():
        made = model.generate(
            **on(model, inputs),
            do_sample=False,
            num_beams=1,
            max_new_tokens=most_tokens,
            logits_processor=LogitsProcessorList([watch]),
            **options,
        )
    tokens = (made if torch.is_tensor(made) else made.sequences)[:, watch.prompt :]
    # Where the device works ahead, a last token was looked at and undone.
    each = torch.stack(watch.best[: tokens.shape[1]], dim=1).to(tokens.device)
    return Generated(tokens, _means(tokens, each, _ends(model)), each, made)


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
        self.prompt = 0
        """Tokens before the first new one."""
        self.best: list[Any] = []
        """Of each token so far, the natural logarithm of the likeliest one's probability, shape `(rows,)`."""

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        if not self.best:
            self.prompt = int(input_ids.shape[1])
        self.best.append(torch.log_softmax(scores.float(), dim=-1).amax(dim=-1))
        self._progress(min(1.0, len(self.best) / self._most_tokens))
        return scores


def _ends(model: Any) -> list[int]:
    end = model.generation_config.eos_token_id
    return [] if end is None else [end] if isinstance(end, int) else list(end)


def _means(tokens: Any, each: Any, ends: Sequence[int]) -> list[float]:
    import torch

    is_end = torch.isin(tokens, torch.tensor(ends, dtype=tokens.dtype, device=tokens.device))
    counts = (is_end.cumsum(dim=1) - is_end.long()) == 0
    return [float(value) for value in (each * counts).sum(dim=1) / counts.sum(dim=1)]
