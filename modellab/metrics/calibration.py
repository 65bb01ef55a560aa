"""Whether a model's probabilities of words are what they say: of words at 0.8, eight in ten should be right.

What they do not say: how many words are right, which WER does; a model that is always unsure is well calibrated if it
is always half wrong.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from modellab.metrics.alignment import align
from modellab.metrics.normalisers import Normaliser
from modellab.metrics.placing import grouped, placed, written
from modellab.metrics.score import Metric, Score
from modellab.surfaces.results import Word

SCORER_VERSION = "1"
"""Raise it whenever the same words would give other figures."""

BINS = 10
"""Of equal width, as Guo et al. 2017 have them (15 there; a recording has few words)."""

_ROUNDING = 1e-6
"""Exponentials of logarithms may be that much above 1."""


class Judged(NamedTuple):
    """Words that have a probability, and whether each is right."""

    probabilities: Sequence[float]
    right: Sequence[bool]


def judged(reference: str, hypothesis: Sequence[Word], normaliser: Normaliser) -> Judged:
    """The transcript's words with a probability: right is one whose every token stands in the reference at its place.

    Words that the normaliser removes (fillers) are left out. Of words written without a space between them, the least
    probability counts.
    """
    groups = grouped(hypothesis, normaliser)
    heard = placed([written(group) for group in groups], normaliser)
    (found,) = align([normaliser.tokens(reference)], [heard.tokens])
    equal = {other for _, other in found.equal()}
    probabilities, right = [], []
    for place, tokens in sorted(heard.tokens_of().items()):
        given = [word.probability for word in groups[place] if word.probability is not None]
        if given:
            probabilities.append(min(given))
            right.append(equal.issuperset(tokens))
    return Judged(probabilities, right)


def calibration_scores(words: Judged, normaliser: Normaliser) -> list[Score]:
    """`ece` and `brier`; errors where a probability is none."""
    metrics = expected_calibration_error(normaliser), brier(normaliser)
    if odd := [given for given in words.probabilities if not -_ROUNDING <= given <= 1.0 + _ROUNDING]:
        return [Score(one, {}, f"the model gives a word a probability of {odd[0]:g}") for one in metrics]
    given, right = np.array(words.probabilities, dtype=float), np.array(words.right, dtype=float)
    bins = np.clip((given * BINS).astype(int), 0, BINS - 1)
    counted, said, were = (np.bincount(bins, weights, BINS) for weights in (None, given, right))
    components = {
        "gap_words": float(np.abs(said - were).sum()),
        "words": len(given),
        **{
            f"{name}_{number}": float(amount)
            for name, amounts in (("words", counted), ("probability", said), ("right", were))
            for number, amount in enumerate(amounts)
        },
    }
    squares = {"squared_error": float(((given - right) ** 2).sum()), "words": len(given)}
    return [Score(metric, counts) for metric, counts in zip(metrics, (components, squares), strict=True)]


def expected_calibration_error(normaliser: Normaliser) -> Metric:
    """How far probabilities are from the share of words that are right, in bins of like probability.

    Gaps have no sign, so they do not add up as bins do: the sum over recordings is the mean of their errors, weighed by
    words, and at least what all their words together have, which follows from the sums of their bins.
    """
    others = (f"{name}_{number}" for name in ("words", "probability", "right") for number in range(BINS))
    protocol = f"{normaliser.name}, {BINS} bins of equal width in each recording"
    return Metric("ece", "ratio", "lower", protocol, _version(), {"gap_words": 1}, {"words": 1}, tuple(others))


def brier(normaliser: Normaliser) -> Metric:
    """Mean squared difference of probability and outcome (Brier 1950)."""
    return Metric("brier", "ratio", "lower", normaliser.name, _version(), {"squared_error": 1}, {"words": 1})


def _version() -> str:
    return f"{SCORER_VERSION}+jiwer-{version('jiwer')}"
