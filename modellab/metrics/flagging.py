"""Words that detectors flag, against words that are known to be made up.

What it does not say: how detectors do on what models invent by themselves, which is rarer and less plain than what was
planted; nor anything about words that were said and misheard.
"""

from collections.abc import Set

from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same words would give other counts."""
PROTOCOL = "words told to readers, in planted transcripts"


def flag_rate(of: str) -> Metric:
    """Share of the words flagged that are made up (`flagged`: precision), of those made up that are flagged (`planted`:
    recall).

    Components: `hits`, words that are both; `flagged`, `planted` and `words`, all of the transcripts'.
    """
    name, other = ("flag_precision", "planted") if of == "flagged" else ("flag_recall", "flagged")
    return Metric(name, "ratio", "higher", PROTOCOL, SCORER_VERSION, {"hits": 1}, {of: 1}, (other, "words"))


def flag_scores(flagged: Set[int], planted: Set[int], words: int) -> list[Score]:
    """Precision and recall of the words of one transcript, each by its number.

    Args:
        words: how many it has.
    """
    counts = {"hits": len(flagged & planted), "flagged": len(flagged), "planted": len(planted), "words": words}
    return [
        Score(flag_rate(of), {name: float(count) for name, count in counts.items()}) for of in ("flagged", "planted")
    ]
