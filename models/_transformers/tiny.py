"""What tiny random checkpoints of transformers' models have in common."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyz '"


@contextmanager
def seeded() -> Iterator[Any]:
    """Transformers, with torch's random numbers the same each time, and everybody else's as they were."""
    from models._transformers.loading import import_transformers

    transformers = import_transformers()
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield transformers


def letters(special: Sequence[str] = ("<unk>", "<s>", "</s>", "<pad>"), *, joiner: str = "▁") -> Any:
    """A tokenizer (of the package tokenizers) with a token for each letter, with and without a space before it.

    Args:
        special: the first tokens, from 0 on; `<unk>` must be one.
        joiner: what stands for a space, as sentencepiece has it.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokens = [*special, joiner, *(letter for letter in LETTERS if letter != " ")]
    tokens += [joiner + letter for letter in LETTERS if letter != " "]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    merges = [(joiner, letter) for letter in LETTERS if letter != " "]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=joiner)
    tokenizer.decoder = decoders.Metaspace(replacement=joiner)
    return tokenizer


def sentence_pieces() -> bytes:
    """A model of the package sentencepiece (BPE) with a piece for each letter, for tokenizers that are kept as one."""
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(LETTERS)] * 3),
        model_writer=written,
        model_type="bpe",
        vocab_size=60,
        hard_vocab_limit=False,
        character_coverage=1.0,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        minloglevel=2,
    )
    return written.getvalue()


def spread_out(model: Any, deviation: float = 0.3) -> Any:
    """The model with larger random weights, so that it writes more than one token over and over."""
    import torch

    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=deviation)
    return model.eval()
