"""From a normaliser's tokens back to the words that were written: `$21` rests on `twenty one dollars`.

A normaliser may make one token of several words or several of one, so that times, probabilities and names are told of
words, and errors of tokens.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from modellab.metrics.alignment import align
from modellab.metrics.normalisers import Normaliser
from modellab.surfaces.results import Word

_KEPT_WORDS = 50_000
"""Normal forms of single words that are remembered: a language's frequent words, some 5 MB."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Tokens of a text, and for each the words it rests on."""

    tokens: Sequence[str]
    words: Sequence[range]
    """Places in the text's words, one range for each token, in order."""

    def tokens_of(self) -> dict[int, list[int]]:
        """Place of a word -> places of the tokens that rest on it; words that the normaliser removes are missing."""
        found: dict[int, list[int]] = {}
        for token, words in enumerate(self.words):
            for word in words:
                found.setdefault(word, []).append(token)
        return found


def placed(words: Sequence[str], normaliser: Normaliser) -> Placed:
    """The tokens of a text given as its words, in order.

    Tokens are those of the whole text. Where the words one by one give others (a number of several words), the tokens
    between two on which both agree rest on the words between them, in order.
    """
    tokens = normaliser.tokens(" ".join(words))
    single: list[str] = []
    owners: list[int] = []
    for place, word in enumerate(words):
        found = _alone(word, normaliser)
        single += found
        owners += [place] * len(found)
    if single == tokens:
        return Placed(tokens, [range(place, place + 1) for place in owners])
    rests: list[range] = [range(0)] * len(tokens)
    (found_in,) = align([single], [tokens])
    for one, other in found_in.equal():
        rests[other] = range(owners[one], owners[one] + 1)
    for ones, others in found_in.runs():
        for nth, token in enumerate(others):
            rests[token] = _share(nth, len(others), [owners[one] for one in ones])
    return Placed(tokens, rests)


def grouped(words: Iterable[Word], normaliser: Normaliser) -> list[list[Word]]:
    """Words in groups that are written without a space between, which is mostly one by one; each by itself where the
    normaliser compares characters."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and not word.space_before and normaliser.unit == "word":
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def written(group: Iterable[Word]) -> str:
    """A group of words as it is written."""
    return "".join(word.text for word in group)


@lru_cache(maxsize=_KEPT_WORDS)
def _alone(word: str, normaliser: Normaliser) -> tuple[str, ...]:
    return tuple(normaliser.tokens(word))


def _share(nth: int, of: int, owners: Sequence[int]) -> range:
    """The words that the nth of some tokens rests on: its share of them, at least one; none where there are none."""
    if not owners:
        return range(0)
    first = nth * len(owners) // of
    last = max(first, (nth + 1) * len(owners) // of - 1)
    return range(owners[first], owners[last] + 1)
