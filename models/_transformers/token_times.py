"""Words with times, of recognisers that say in which frame of sound each token was."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modellab.speech.by_pieces import Heard
from modellab.surfaces.results import Word


@dataclass(frozen=True, slots=True)
class Token:
    """One token, in seconds from the start of the sound."""

    id: int
    start_s: float
    end_s: float
    log_probability: float


def heard(tokenizer: Any, tokens: Iterable[Token], skipped: Sequence[int | None]) -> Heard:
    """What tokens say, with the times of the words and the mean of the tokens' log-probabilities. As `words_of`."""
    written = [token for token in tokens if token.id not in skipped]
    words = words_of(tokenizer, written, skipped)
    likely = sum(token.log_probability for token in written) / len(written) if written else None
    return Heard(" ".join(word.text for word in words), words, likely)


def words_of(tokenizer: Any, tokens: Iterable[Token], skipped: Sequence[int | None]) -> list[Word]:
    """The words that tokens make. A word begins with a token that has a space before it, lasts to the end of its last
    token that is no mere punctuation, or to the next word's beginning, and is as likely as its unlikeliest token.

    Args:
        tokenizer: one of transformers, on the package tokenizers.
        tokens: in order of time.
        skipped: ids of tokens that stand for nothing.
    """
    from tokenizers.decoders import DecodeStream

    stream = DecodeStream(skip_special_tokens=True)
    words: list[Word] = []
    waiting: list[Token] = []
    space = True
    for token in tokens:
        if token.id in skipped:
            continue
        waiting.append(token)
        text = stream.step(tokenizer.backend_tokenizer, token.id)
        if text is None:  # half of a letter
            continue
        space = space or text[:1].isspace()
        if not (written := text.strip()):
            waiting = []
            continue
        part = Word(written, waiting[0].start_s, token.end_s, math.exp(min(one.log_probability for one in waiting)))
        if space:
            if words:
                words[-1] = replace(words[-1], end_s=min(words[-1].end_s, part.start_s))
            words.append(part)
        else:
            words[-1] = _longer(words[-1], part)
        waiting, space = [], False
    return words


def _longer(word: Word, part: Word) -> Word:
    """A word with a further part of it."""
    lasts = any(map(str.isalnum, part.text))
    return replace(
        word,
        text=word.text + part.text,
        end_s=max(word.end_s, part.end_s) if lasts else word.end_s,
        probability=min(word.probability or 0.0, part.probability or 0.0),
    )
