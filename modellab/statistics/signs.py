"""The paired test and interval of a difference: signs of units turned at random.

Were two systems equal, each unit's difference could as well have had the other sign (Fisher 1935). So the p value is
how many of all ways to choose signs give a larger difference than the one that was found, with half of those that give
the same (mid-p, Lancaster 1961; whole counts tie often, and with eight recordings half of the false calls that 5 %
allow would never be made). The interval holds each difference that this test would not refuse, so p and interval can't
contradict each other; where a limit is exactly 0, p decides. With the null imposed and Rademacher weights this is the
wild cluster bootstrap (Cameron, Gelbach & Miller 2008). What it leaves is known in closed form: turning the signs of a
subset speaks against a difference d if the subset's own difference is beyond it, so the limits are quantiles of
subsets' differences (Hartigan 1969, typical values).
"""

import math

import numpy as np
import numpy.typing as npt

from modellab.statistics.drawing import subsets
from modellab.statistics.few import NO_DIFFERENCE, Inference
from modellab.statistics.sums import Floats, Sums

Flags = npt.NDArray[np.bool_]


def by_signs(sums: Sums, alpha: float, seed: int, draws: int, ties: float = 0.5) -> Inference:
    """Interval and p value of the first system's figure less the second's.

    A unit's share in what is left of a difference d is (A - B - d N) / sum(N), with its numerators A and B over N. Of
    denominators M and N that differ it is A / sum(M) - B / sum(N) - r (m - n) - d (m + n) / 2, with its shares m and n
    of them, and the mean r of both figures.

    Args:
        alpha: what the interval leaves out.
        ties: what part of the choices counts that give the same difference; with 1 the p value is never too small,
            however many there are.
    """
    totals = sums.denominators.sum(axis=0)
    shares = sums.denominators / totals
    above = sums.numerators / totals
    parts: Floats = above[:, 0] - above[:, 1] - sums.figures.mean() * (shares[:, 0] - shares[:, 1])
    weights: Floats = shares.mean(axis=1)
    difference = float(sums.figures[0] - sums.figures[1])
    slack = NO_DIFFERENCE * float(np.abs(parts).sum())
    blocks, whole, exact = subsets(sums.units, draws, seed)
    lows, highs, as_large = [], [], 1.0
    for rows in blocks:
        chosen, weight = rows @ parts, rows @ weights
        beyond = np.abs(difference - 2 * chosen) - abs(difference)
        as_large += np.count_nonzero(beyond > slack) + np.count_nonzero(np.abs(beyond) <= slack) * ties
        one, low, high = _ratio(chosen, weight, slack)
        other, other_low, other_high = _ratio(difference - chosen, 1 - weight, slack)
        lows.append(np.minimum(np.where(low, -math.inf, one), np.where(other_low, -math.inf, other)))
        highs.append(np.maximum(np.where(high, math.inf, one), np.where(other_high, math.inf, other)))
    p = as_large / whole if abs(difference) > slack else 1.0
    refused = math.floor(alpha * whole * (1 + NO_DIFFERENCE)) - 1
    method = f"all {2 * whole:,} choices of signs" if exact else f"{draws:,} choices of signs at random"
    if refused < 0:
        return Inference(-math.inf, math.inf, p, method)
    lowest, highest = np.concatenate(lows), np.concatenate(highs)
    low_limit = float(np.partition(lowest, refused)[refused])
    high_limit = float(np.partition(highest, len(highest) - 1 - refused)[len(highest) - 1 - refused])
    return Inference(low_limit, high_limit, p, method)


def _ratio(above: Floats, below: Floats, slack: float) -> tuple[Floats, Flags, Flags]:
    """Differences of subsets; and which of them, having nothing below the line, never refuse a low or a high limit."""
    empty = below <= NO_DIFFERENCE
    ratio: Floats = np.where(empty, np.where(above > 0, math.inf, -math.inf), above / np.where(empty, 1, below))
    return ratio, empty & (above <= slack), empty & (above >= -slack)
