"""Words that don't fit what is heard where they stand, as an aligner's score says: nobody said these."""

from collections.abc import Iterator

from modellab.speech.hallucinations.flags import Flag, FlagKind, Heard, Strength, flag
from modellab.speech.hallucinations.sums import greatest_sums

_ALLOWED = 4.0
"""How much worse than the best a word may fit, as `hama` scores it: a stretch grows with every word that is worse."""
_MOST = 10.0
"""How much a single word counts at most: one that was misheard is no stretch."""
_LEAST_EXCESS = 12.0
"""What the words of a stretch are worse in all."""


def unfitting(heard: Heard) -> Iterator[Flag]:
    """Stretches of words that fit the sound badly, in sum; nothing where no aligner was asked.

    Words without a score count for neither side.
    """
    excess = [0.0 if score is None else min(-score, _MOST) - _ALLOWED for score in heard.fits]
    for first, end in greatest_sums(excess, _LEAST_EXCESS):
        scores = [score for score in heard.fits[first:end] if score is not None]
        yield flag(
            heard,
            FlagKind.UNFITTING,
            Strength.STRONG,
            (first, end),
            "Something else is heard there: the sounds of these words do not fit it.",
            mean_score=sum(scores) / len(scores),
            excess=sum(excess[first:end]),
            least_excess=_LEAST_EXCESS,
        )
