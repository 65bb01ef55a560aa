"""Two systems on the same recordings: the difference, how sure it is, and the verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from modellab.metrics.bounds import UNBOUNDED, Bounds
from modellab.statistics.cases import Case, Direction, PairedCase, pair, worst_figure
from modellab.statistics.drawing import DRAWS, told
from modellab.statistics.few import LEVEL, Inference, by_t, detectable, figure_error, more_units
from modellab.statistics.holm import holm
from modellab.statistics.signs import by_signs
from modellab.statistics.sums import Sums, sums

Verdict = Literal["better", "worse", "not separable"]

POWER = 0.8
"""With which `more_cases` and `detectable` would find the difference."""
FEW = 6
"""Units from which on signs can refuse anything at 5 %: 2 of 2^5 choices are 6 %, 2 of 2^6 are 3 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """System a against system b. Differences are a's figure less b's, in the metric's unit."""

    a: float | None = None
    """Figure: ratio of sums; None where there is nothing below the line."""
    b: float | None = None
    difference: float | None = None
    low: float | None = None
    """Limits of the 95 % interval of the difference; None where the recordings set none. At exactly 0, `p` decides."""
    high: float | None = None
    relative: float | None = None
    """The difference in parts of b's figure; None where that is 0."""
    p: float | None = None
    """How often equal systems would differ as much or more; None where there is nothing to compare."""
    adjusted_p: float | None = None
    """The same after Holm's correction; equal to `p` of a comparison that stands alone."""
    verdict: Verdict = "not separable"
    """Of a: by `adjusted_p` at 5 %."""
    better: Direction
    n: int
    """Cases that both were put to, failed ones among them."""
    clusters: int
    """Speakers or sessions; cases that stand alone are one each."""
    units: int
    """What was drawn: clusters, or recordings where all are of one cluster."""
    failed_a: int
    failed_b: int
    failures_weighed: bool
    """Failed cases have the worst figure in a and b; else they are counted alone, and forbid the verdict `better`."""
    error: float | None = None
    """Standard error of the difference."""
    more_cases: int | None = None
    """More cases like these to tell a difference of this size apart with 80 % power; 0 if it is told; None: never."""
    detectable: float | None = None
    """The smallest difference that cases like these would show with 80 % power; None where they set no interval."""
    method: str = "none"
    """Where interval and p come from."""
    notes: tuple[str, ...] = ()
    """What to know before the verdict is believed."""


@dataclass(frozen=True, slots=True)
class Versus:
    """One comparison among several systems."""

    a: str
    b: str
    comparison: Comparison


def compare(
    pairs: Sequence[PairedCase],
    *,
    better: Direction = "lower",
    unit: str = "ratio",
    bounds: Bounds = UNBOUNDED,
    seed: int = 0,
    draws: int = DRAWS,
) -> Comparison:
    """Whether system a differs from system b on the recordings that both were put to.

    From six units on, signs decide (`modellab.statistics.signs`); with fewer, Student's t (`modellab.statistics.few`).

    Args:
        unit: of the metric: says whether a failed case has a worst figure (`worst_figure`). If it has none, failed
            cases are counted but not weighed, and a system that failed on more of them is never called better.
        bounds: what figures of the metric can be: no interval of a difference is wider than that allows.
        seed: of the draws, where there are more than 14 units.

    Raises:
        UsageError: a case that is there twice, or amounts that make no figure.
    """
    worst = worst_figure(unit, better)
    added = sums(pairs, worst)
    found = Comparison(
        better=better,
        n=len(pairs),
        clusters=added.clusters,
        units=added.units,
        failed_a=sum(one.a is None for one in pairs),
        failed_b=sum(one.b is None for one in pairs),
        failures_weighed=worst is not None,
    )
    if added.units == 0 or not (added.denominators.sum(axis=0) > 0).all():
        return replace(found, notes=("no case has anything below the line",))
    a, b = map(float, added.figures)
    scale = abs(a) + abs(b)
    difference = told(a - b, scale)
    found = replace(
        found,
        a=told(a),
        b=told(b),
        difference=difference,
        relative=told(difference / b) if b else None,
        notes=tuple(_notes(added, found, difference)),
    )
    if added.units == 1:
        return found
    inferred, error = _inferred(added, seed, draws)
    low, high = bounds.of_differences.within(inferred.low, inferred.high)
    p = told(min(1.0, inferred.p))
    return _judged(
        replace(
            found,
            low=_limit(low, scale),
            high=_limit(high, scale),
            p=p,
            error=_limit(error, scale),
            detectable=_limit(detectable(error, added.units, 1 - LEVEL, POWER), scale),
            method=inferred.method,
        ),
        p,
    )


def compare_systems(
    systems: Mapping[str, Sequence[Case]],
    *,
    better: Direction = "lower",
    unit: str = "ratio",
    bounds: Bounds = UNBOUNDED,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[Versus]:
    """Every system against every other, with Holm's correction over all of them; pairs in the order given."""
    found = [
        Versus(
            a, b, compare(pair(systems[a], systems[b]), better=better, unit=unit, bounds=bounds, seed=seed, draws=draws)
        )
        for a, b in combinations(systems, 2)
    ]
    corrected = adjusted([one.comparison for one in found])
    return [replace(one, comparison=comparison) for one, comparison in zip(found, corrected, strict=True)]


def adjusted(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons as one family: p values after Holm's correction, and the verdicts that follow from them.

    Intervals stay as they are, each for itself. Comparisons without a p value do not count.
    """
    corrected = iter(holm([one.p for one in comparisons if one.p is not None]))
    return [one if one.p is None else _judged(one, next(corrected)) for one in comparisons]


def _inferred(added: Sums, seed: int, draws: int) -> tuple[Inference, float]:
    contrast = np.array([1.0, -1.0])
    error = figure_error(added, contrast)
    if added.units >= FEW:
        return by_signs(added, 1 - LEVEL, seed, draws), error
    return by_t(float(added.figures @ contrast), error, added.units, 1 - LEVEL), error


def _judged(comparison: Comparison, adjusted_p: float) -> Comparison:
    p, difference, error = comparison.p, comparison.difference, comparison.error
    assert p is not None and difference is not None
    if adjusted_p <= 1 - LEVEL:
        wins = (difference < 0) == (comparison.better == "lower")
        more_failed = comparison.failed_a - comparison.failed_b if wins else comparison.failed_b - comparison.failed_a
        if more_failed > 0 and not comparison.failures_weighed:
            return replace(comparison, adjusted_p=adjusted_p, verdict="not separable", more_cases=None)
        return replace(comparison, adjusted_p=adjusted_p, verdict="better" if wins else "worse", more_cases=0)
    alpha = (1 - LEVEL) * p / adjusted_p
    more: int | None = None
    if error is not None and difference:
        needed = more_units(difference, error, comparison.units, alpha, POWER)
        more = max(1, math.ceil((needed / comparison.units - 1) * comparison.n))
    return replace(comparison, adjusted_p=adjusted_p, verdict="not separable", more_cases=more)


def _notes(added: Sums, found: Comparison, difference: float) -> list[str]:
    notes = []
    if added.units == 1:
        notes.append("one recording sets no interval")
    elif added.clusters == 1:
        notes.append("all recordings are of one speaker or session: what is found holds for that one alone")
    if 1 < added.units < FEW:
        notes.append(f"only {added.units} are drawn: the interval rests on sums that are near a normal distribution")
    if np.array_equal(added.numerators[:, 0], added.numerators[:, 1]) and difference == 0:
        notes.append("both have the same figure wherever anything is drawn")
    if found.failed_a or found.failed_b:
        rule = "weigh as all wrong" if found.failures_weighed else "are counted but have no figure"
        notes.append(f"failed cases ({found.failed_a} of a, {found.failed_b} of b) {rule}")
    return notes


def _limit(value: float, scale: float) -> float | None:
    return told(value, scale) if math.isfinite(value) else None
