"""Student's t over units, for when there are too few of them for signs or draws to say anything.

The variance is the jackknife's over units (CV3 of MacKinnon, Nielsen & Webb 2023), with as many degrees of freedom as
there are units but one. It rests on sums of units that are near a normal distribution, which nobody can check with
five.
"""

import math
from dataclasses import dataclass

from modellab.statistics.sums import Floats, Sums

LEVEL = 0.95
"""Of intervals; a verdict wants a p value of at most what is left."""
NO_DIFFERENCE = 1e-9
"""Relative: what is smaller is rounding."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What is inferred of a figure or a difference."""

    low: float
    high: float
    p: float
    method: str


def figure_error(sums: Sums, weights: Floats) -> float:
    """Standard error of `figures @ weights` by leaving out one unit at a time; infinite where that leaves nothing.

    Args:
        weights: one for each system: 1 and -1 for a difference, 1 for a figure.
    """
    left = sums.denominators.sum(axis=0) - sums.denominators
    if sums.units < 2 or not (left > 0).all():
        return math.inf
    without = (sums.numerators.sum(axis=0) - sums.numerators) / left @ weights
    spread = float(((without - sums.figures @ weights) ** 2).sum())
    return math.sqrt(spread * (sums.units - 1) / sums.units)


def by_t(value: float, error: float, units: int, alpha: float) -> Inference:
    """Interval and p value of a difference with a standard error.

    Where all units say exactly the same the error is no measure of anything: then the p value is what signs give.
    """
    freedom, method = units - 1, t_method(units)
    if error <= NO_DIFFERENCE * abs(value):
        low, high = (0.0, 0.0) if value == 0 else (-math.inf, math.inf)
        return Inference(low, high, 1.0 if value == 0 else 2.0 ** (1 - units), method)
    from scipy.special import stdtr

    half = error * t_quantile(freedom, 1 - alpha / 2)
    p = float(2 * stdtr(freedom, -abs(value) / error)) if math.isfinite(error) else 1.0
    return Inference(value - half, value + half, p, method)


def more_units(value: float, error: float, units: int, alpha: float, power: float) -> float:
    """How many units it takes, all in all, to find a difference of this size with that power; infinite for none.

    (t + t')^2 times the variance of one unit over the difference squared, with t for `alpha` and t' for the power,
    until the degrees of freedom agree with the answer.
    """
    if not math.isfinite(error) or abs(value) <= 0.0:
        return math.inf
    spread = error * math.sqrt(units) / abs(value)
    needed = 2.0
    for _ in range(50):
        freedom = max(1.0, needed - 1)
        quantiles = t_quantile(freedom, 1 - alpha / 2) + t_quantile(freedom, power)
        needed = (needed + max(2.0, (quantiles * spread) ** 2)) / 2
    return needed


def detectable(error: float, units: int, alpha: float, power: float) -> float:
    """The smallest difference that so many units would find with that power."""
    if not math.isfinite(error):
        return math.inf
    return error * (t_quantile(units - 1, 1 - alpha / 2) + t_quantile(units - 1, power))


def t_quantile(freedom: float, share: float) -> float:
    """What so large a share of Student's t lies below."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))


def t_method(units: int) -> str:
    """What an interval or p value of Student's t says of itself."""
    return f"t with {units - 1} degree{'' if units == 2 else 's'} of freedom"
