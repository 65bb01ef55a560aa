"""How well a text or a recording was cut into topics: Pk, WindowDiff, and boundaries found within a tolerance.

What they do not say: whether titles are good, or which of two ways of cutting a person would prefer; annotators differ
as well.
"""

from collections.abc import Sequence, Set
from importlib.metadata import version

from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same boundaries would give other figures."""

TOLERANCE_S = 5.0
"""Of a boundary, as in Yang et al. 2023 ("VidChapters-7M"), which has 3 s beside it."""


def window_scores(reference: Set[int], found: Set[int], units: int, unit: str) -> list[Score]:
    """`pk` and `windowdiff`: windows in which the two disagree, to all windows.

    A window has half as many units as the reference's segments have on average, at least two.

    Args:
        reference: numbers of the units that begin a segment; the first, 0, is none of them.
        units: how many units (seconds, sentences) there are.
        unit: what they are, as the protocol says it.
    """
    from nltk.metrics.segmentation import pk, windowdiff

    window = max(2, round(units / (2 * (len(reference) + 1))))
    windows = max(0, units - window + 1)
    one, other = ("".join("1" if place in marked else "0" for place in range(units)) for marked in (reference, found))
    shares = {"pk": 0.0, "windowdiff": 0.0}
    if windows:
        shares = {"pk": pk(one, other, k=window), "windowdiff": windowdiff(one, other, window)}
    # nltk gives the share; the number of windows makes a count of it again, which adds up.
    return [
        Score(window_metric(name, unit), {"wrong": round(share * windows), "windows": windows})
        for name, share in shares.items()
    ]


def window_metric(name: str, unit: str) -> Metric:
    """`pk` (Beeferman et al. 1999) or `windowdiff` (Pevzner and Hearst 2002)."""
    return Metric(
        name,
        unit="ratio",
        better="lower",
        protocol=f"units of {unit}, windows of half the reference's mean segment",
        version=f"{SCORER_VERSION}+nltk-{version('nltk')}",
        numerator={"wrong": 1},
        denominator={"windows": 1},
    )


def boundary_f1(reference_s: Sequence[float], found_s: Sequence[float], tolerance_s: float = TOLERANCE_S) -> Score:
    """Boundaries that were found, each at most once, as many as can be: twice them, to all of both."""
    import numpy as np
    from mir_eval.util import match_events

    both = bool(reference_s) and bool(found_s)
    matched = match_events(np.array(reference_s), np.array(found_s), tolerance_s) if both else []
    counts = {"matched": len(matched), "reference": len(reference_s), "found": len(found_s)}
    return Score(boundary_metric(tolerance_s), counts)


def boundary_metric(tolerance_s: float = TOLERANCE_S) -> Metric:
    """F1 of boundaries within a tolerance."""
    return Metric(
        name="boundary_f1",
        unit="ratio",
        better="higher",
        protocol=f"within {tolerance_s:g} s",
        version=f"{SCORER_VERSION}+mir_eval-{version('mir_eval')}",
        numerator={"matched": 2},
        denominator={"reference": 1, "found": 1},
    )
