"""Parts of tiny random checkpoints in the real file formats: they test the loading code, and say nothing of quality."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models._transformers.loading import import_transformers

_CORPUS = ("hello there how are you today", "we said that the budget is four hundred", "thank you and goodbye.")
_VOCABULARY = 430
_ENDS = tuple(f"<|end{number}|>" for number in range(48))
"""Tokens of which each ends a text. A random model seldom comes upon one alone."""

MEL_BINS = 128
WIDTH = 32
TEXT: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 1 << 16,
}
"""Of the language models, but for their vocabularies."""


def tokenizer(special: Sequence[str], **settings: Any) -> Any:
    """A byte-level BPE tokenizer made on the spot, with these special tokens and then the ends of texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[*special, *_ENDS],
        show_progress=False,
    )
    pieces.train_from_iterator(_CORPUS, trainer)
    return import_transformers().PreTrainedTokenizerFast(
        tokenizer_object=pieces, additional_special_tokens=list(_ENDS), **settings
    )


def ends(words: Any) -> list[int]:
    """The tokens of a tokenizer made here that end a text."""
    return [words.eos_token_id, *words.convert_tokens_to_ids(list(_ENDS))]


def randomize(model: Any, ends: Sequence[int], seed: int = 0) -> None:
    """Random numbers for a model's weights, such that what it writes depends on what it hears and comes to an end.

    The embeddings are small beside the rest: with the usual start a model that has them on both sides repeats its last
    token for ever.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    for name, weights in model.named_parameters():
        if weights.dim() > 1:
            small = "embed_tokens" in name or "lm_head" in name
            weights.data.normal_(0.0, 0.05 if small else 0.4, generator=generator)
    model.generation_config.eos_token_id = list(ends)


def save(folder: Path, *parts: Any) -> None:
    """Each part by its own `save_pretrained`, without the progress bars."""
    import_transformers()
    for part in parts:
        part.save_pretrained(str(folder))
