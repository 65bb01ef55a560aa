"""How sure one system's own figure is.

An error rate's distribution leans to the right, and so does what an interval of few recordings misses. Calibration
chose the symmetrical studentised bootstrap (Efron & Tibshirani 1993, chapter 12; Hall 1992) of the figure's logarithm;
where almost all is right, of what is not; and of the figure itself where it is negative somewhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modellab.metrics.bounds import UNBOUNDED, Bounds
from modellab.statistics.cases import Case, Direction, worst_figure
from modellab.statistics.drawing import DRAWS, resamples, told
from modellab.statistics.few import LEVEL, NO_DIFFERENCE, figure_error, t_method, t_quantile
from modellab.statistics.sums import Floats, Sums, sums

FEW = 6
"""Units from which on draws say anything; of fewer, one may be all that is drawn, and Student's t stands in."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the interval in which it would lie for all recordings of this kind."""

    value: float | None
    """Ratio of sums; None where there is nothing below the line."""
    low: float | None
    """Limits of the 95 % interval; None where the recordings set none."""
    high: float | None
    n: int
    """Cases, failed ones among them."""
    clusters: int
    """Speakers or sessions; cases that stand alone are one each."""
    failed: int
    numerator: float
    denominator: float
    method: str


def interval(
    cases: Sequence[Case],
    *,
    better: Direction = "lower",
    unit: str = "ratio",
    bounds: Bounds = UNBOUNDED,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """A figure over cases and its interval; units are clusters, or recordings where all are of one cluster.

    Args:
        unit: of the metric: says whether a failed case has a worst figure (`worst_figure`); if not, it has no weight.
        bounds: what figures of the metric can be: the interval ends there. What lies beyond is what a normal
            distribution or a logarithm has beyond, and no recordings.
        seed: of the draws.

    Raises:
        UsageError: a case that is there twice, or amounts that make no figure.
    """
    worst = worst_figure(unit, better)
    added = sums(cases, worst)
    failed = sum(case.amounts is None for case in cases)
    numerator, denominator = float(added.numerators.sum()), float(added.denominators.sum())
    value, low, high, method = None, -math.inf, math.inf, "none"
    if denominator > 0:
        value = told(numerator / denominator)
        if added.units > 1:
            low, high, method = _limits(added, unit, seed, draws)
            low, high = bounds.within(low, high)
    return Interval(
        value,
        told(low) if math.isfinite(low) else None,
        told(high) if math.isfinite(high) else None,
        len(cases),
        added.clusters,
        failed,
        told(numerator),
        told(denominator),
        method,
    )


def _limits(added: Sums, unit: str, seed: int, draws: int) -> tuple[float, float, str]:
    above, below = added.numerators[:, 0], added.denominators[:, 0]
    if (above < 0).any():
        return _studentised(above, below, seed, draws, logarithm=False)
    if unit == "ratio" and (above <= below).all() and 2 * above.sum() > below.sum():
        low, high, method = _positive(below - above, below, unit, seed, draws)
        return 1 - high, 1 - low, method
    return _positive(above, below, unit, seed, draws)


def _positive(above: Floats, below: Floats, unit: str, seed: int, draws: int) -> tuple[float, float, str]:
    if not above.any():
        # None of n has any: at 95 % at most 1 - 0.05^(1/n) of all have, about 3/n (Hanley & Lippman-Hand 1983).
        most = -math.expm1(math.log(1 - LEVEL) / len(above)) if unit == "ratio" else math.inf
        return 0.0, most, "rule of three"
    return _studentised(above, below, seed, draws, logarithm=True)


def _studentised(above: Floats, below: Floats, seed: int, draws: int, *, logarithm: bool) -> tuple[float, float, str]:
    units = len(above)
    value = float(above.sum() / below.sum())
    added = Sums(above[:, None], below[:, None], units, by_recording=False)
    by_t = figure_error(added, np.array([1.0])) * t_quantile(units - 1, (1 + LEVEL) / 2)
    if units < FEW:
        return *_around(value, by_t, logarithm), t_method(units)
    distances = np.concatenate(
        [_distances(above, below, counts, value, logarithm) for counts in resamples(units, draws, seed)]
    )
    reach = float(np.quantile(distances, LEVEL, method="higher")) if len(distances) else 0.0
    if math.isinf(reach):
        # So few units have any that often none of them is drawn.
        return max(0.0, value - by_t), value + by_t, t_method(units)
    error = math.sqrt(float(((above - value * below) ** 2).sum())) / float(below.sum())
    return *_around(value, reach * error, logarithm), f"studentised bootstrap, {draws:,} draws"


def _distances(above: Floats, below: Floats, counts: Floats, value: float, logarithm: bool) -> Floats:
    """How far figures of draws lie from the figure, in standard errors of each.

    Draws of nothing, or of one unit alone, say nothing; those without any numerator are infinitely far.
    """
    weight = counts @ below
    drawn = counts @ above
    said = weight > 0
    weight, drawn, counts = weight[said], drawn[said] / weight[said], counts[said]
    squares = counts @ above**2 - 2 * drawn * (counts @ (above * below)) + drawn**2 * (counts @ below**2)
    error = np.sqrt(np.maximum(squares, 0)) / weight
    none = (drawn <= 0) if logarithm else np.zeros(len(drawn), dtype=bool)
    known = ~none & (error > NO_DIFFERENCE * np.abs(drawn))
    drawn, error = drawn[known], error[known]
    away = np.abs(np.log(drawn / value)) * drawn if logarithm else np.abs(drawn - value)
    return np.concatenate([away / error, np.full(int(none.sum()), math.inf)])


def _around(value: float, half: float, logarithm: bool) -> tuple[float, float]:
    if not logarithm or math.isinf(half):
        return (0.0 if logarithm else value - half), value + half
    factor = math.exp(min(half / value, 700.0))
    return value / factor, value * factor
