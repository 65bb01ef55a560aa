"""Words from tokens, where a package gives tokens alone: their bytes, when each was written, how likely it was."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, fsum
from statistics import median

from models._whisper.words import DecodedSegment, SpokenWord

_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages that put no spaces between words: each character is one (openai/whisper, whisper/tokenizer.py)."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of text; times are in seconds from the piece's start."""

    text: bytes
    start_s: float
    end_s: float
    log_probability: float


def segment_of(tokens: Sequence[Token], language: str, log_probabilities: Sequence[float]) -> DecodedSegment:
    """Tokens as a segment.

    Args:
        log_probabilities: of all tokens of the segment, also of those that are no text.
    """
    text = b"".join(token.text for token in tokens).decode(errors="replace")
    return DecodedSegment(
        list(words_of(tokens, language)),
        fsum(log_probabilities) / len(log_probabilities) if log_probabilities else 0.0,
        None,
        _compression(text),
    )


def with_bounded_first(tokens: Sequence[Token]) -> list[Token]:
    """Tokens whose first one begins at most twice the median length before its end.

    What comes before it is the silence at the beginning as well; OpenAI's own alignment bounds such words like that.
    """
    if len(tokens) < 2:
        return list(tokens)
    first, *others = tokens
    usual = median(token.end_s - token.start_s for token in others)
    return [replace(first, start_s=max(first.start_s, first.end_s - 2 * usual)), *others]


def words_of(tokens: Iterable[Token], language: str) -> Iterator[SpokenWord]:
    """Tokens as words: one begins with a space, or is a character of a language that has none between words.

    A word's probability is the mean of its tokens'.
    """
    together: list[Token] = []
    for character in _whole_characters(tokens):
        first = character[0].text[:1]
        if together and (first == b" " or language in _UNSPACED):
            yield _word(together)
            together = []
        together += character
    if together:
        yield _word(together)


def _whole_characters(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Tokens in groups whose bytes are whole characters: rare ones take several tokens. What never becomes whole, at
    the end, is a group of its own."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if _is_text(b"".join(one.text for one in group)):
            yield group
            group = []
    if group:
        yield group


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _word(tokens: Sequence[Token]) -> SpokenWord:
    text = b"".join(token.text for token in tokens).decode(errors="replace")
    likely = fsum(exp(token.log_probability) for token in tokens) / len(tokens)
    return SpokenWord(text, tokens[0].start_s, tokens[-1].end_s, likely)


def _compression(text: str) -> float:
    """Length of the text over its zlib length, as Whisper measures repetition."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))
