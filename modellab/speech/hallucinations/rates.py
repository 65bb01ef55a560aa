"""Stretches that nobody speaks so fast, and stretches that the model itself did not find likely."""

from collections.abc import Iterator

import numpy as np

from modellab.speech.hallucinations.flags import Flag, FlagKind, Heard, Strength, flag, stretches
from modellab.speech.hallucinations.sums import greatest_sums

_RATE_WORDS = 8
"""Words over which a rate is taken: fewer are said in a burst, and their times are not that exact."""
_MOST_CHARACTERS_PER_S = 40.0
"""Letters and digits; of scripts without spaces each counts as `_UNSPACED_CHARACTERS`."""
_UNSPACED_CHARACTERS = 2.5
_UNSPACED_FROM = "\u0e00"
"""Code points from here on are of scripts that write a syllable or word in one."""
_TIME_ERROR_S = 0.1
"""Words' times are this imprecise at least, at both ends together."""

_PROBABILITY = 0.5
"""What a word's probability is measured against: a stretch grows with every word below it."""
_LEAST_DEFICIT = 3.0
"""What the words of a stretch lie below it in all."""
_STRONG_MEAN = 0.25


def word_rate(heard: Heard) -> Iterator[Flag]:
    """Stretches of which some `_RATE_WORDS` words in a row come faster than anyone speaks."""
    words = heard.words
    if len(words) < _RATE_WORDS:
        return
    lengths = np.array([_spoken_characters(word.text) for word in words])
    starts = np.array([word.start_s for word in words])
    ends = np.array([word.end_s for word in words])
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    said = total[_RATE_WORDS:] - total[:-_RATE_WORDS]
    took = np.maximum(ends[_RATE_WORDS - 1 :] - starts[: len(starts) - _RATE_WORDS + 1], 0.0) + _TIME_ERROR_S
    rates = said / took
    fast = rates > _MOST_CHARACTERS_PER_S
    marked = np.convolve(fast, np.ones(_RATE_WORDS)) > 0
    for first, end in stretches(marked.tolist()):
        rate = float(rates[first : end - _RATE_WORDS + 1].max())
        seconds = float(ends[first:end].max() - starts[first])
        yield flag(
            heard,
            FlagKind.WORD_RATE,
            Strength.STRONG,
            (first, end),
            f"Nobody speaks so fast: {end - first} words in {seconds:.1f} s.",
            characters_per_s=rate,
            allowed_characters_per_s=_MOST_CHARACTERS_PER_S,
            words_per_s=(end - first) / max(seconds, _TIME_ERROR_S),
        )


def _spoken_characters(text: str) -> float:
    return sum(_UNSPACED_CHARACTERS if c >= _UNSPACED_FROM else 1.0 for c in text if c.isalnum())


def improbable(heard: Heard) -> Iterator[Flag]:
    """Stretches of improbable words: those whose probabilities lie furthest below `_PROBABILITY`, in sum.

    A single doubtful word is no stretch, and a likely word or two between doubtful ones does not end it.
    """
    deficits = [0.0 if w.probability is None else _PROBABILITY - w.probability for w in heard.words]
    for first, end in greatest_sums(deficits, _LEAST_DEFICIT):
        known = [word.probability for word in heard.words[first:end] if word.probability is not None]
        mean = sum(known) / len(known)
        yield flag(
            heard,
            FlagKind.IMPROBABLE,
            Strength.STRONG if mean < _STRONG_MEAN else Strength.WEAK,
            (first, end),
            f"The model itself doubts these words: it gives them {mean:.0%} on average.",
            mean_probability=mean,
            deficit=sum(deficits[first:end]),
            least_deficit=_LEAST_DEFICIT,
        )
