"""What figures can be at all, by metric: no interval reaches beyond.

Figures of unit `ratio` are never negative. Those of which more is better are shares of a whole; an error rate may be
above 1, where more is wrong than there is, unless all that it counts is among what it is divided by.
"""

import math
from dataclasses import dataclass

_SHARES_OF_ERRORS = frozenset(
    {
        *("der_missed", "der_confusion", "jer", "wder", "meeting_speaker_error", "meeting_boundary_error"),
        *(
            "vad_missed",
            "vad_false_alarm",
            "punctuation_error",
            "case_error",
            "ece",
            "brier",
            "pk",
            "windowdiff",
            "eer",
        ),
        *("clipped_share", "silence_share", "non_finite_share", "implausible_length"),
    }
)
"""Figures of unit `ratio` of which less is better, and which are shares of a whole all the same."""
_NEVER_NEGATIVE = frozenset({"ratio", "s", "s/s", "words/min", "speakers"})
"""Units of amounts."""
_GAIN, _BEFORE = "_gain", "_before"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that a figure can be; None where there is no limit."""

    least: float | None = None
    most: float | None = None

    @property
    def of_differences(self) -> "Bounds":
        """What one such figure less another can be."""
        if self.least is None or self.most is None:
            return UNBOUNDED
        return Bounds(self.least - self.most, self.most - self.least)

    def within(self, low: float, high: float) -> tuple[float, float]:
        """The part of an interval that lies in the bounds; infinite limits, which are none, stay."""
        if self.least is not None and math.isfinite(low):
            low = max(low, self.least)
        if self.most is not None and math.isfinite(high):
            high = min(high, self.most)
        return low, high


UNBOUNDED = Bounds()

_OF_SCALES = {
    # ITU-T P.862.1 and P.862.2 map the raw figure to 0.999 + 4 / (1 + exp(...)).
    "pesq": Bounds(0.999, 4.999),
    # Correlations of envelopes (Taal et al. 2011, Jensen & Taal 2016).
    "stoi": Bounds(-1.0, 1.0),
    "estoi": Bounds(-1.0, 1.0),
    "cosine_separation": Bounds(-2.0, 2.0),
    # sacrebleu's scale.
    "bleu": Bounds(0.0, 100.0),
    "chrf": Bounds(0.0, 100.0),
}


def bounds_of(metric: str, unit: str, better: str) -> Bounds:
    """What figures of a metric can be.

    Args:
        metric: its name; `_before` and `_gain` are those of enhancement.
        unit: of its figures.
        better: `lower` or `higher`.
    """
    if metric.endswith(_GAIN):
        return bounds_of(metric.removesuffix(_GAIN), unit, better).of_differences
    name = metric.removesuffix(_BEFORE)
    if name in _OF_SCALES:
        return _OF_SCALES[name]
    if unit not in _NEVER_NEGATIVE:
        return UNBOUNDED
    is_share = unit == "ratio" and (better == "higher" or name in _SHARES_OF_ERRORS)
    return Bounds(0.0, 1.0 if is_share else None)
