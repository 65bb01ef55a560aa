"""Leaving a system out of a sweep before all cases are measured: only when what was seen rules out that it is as good.

Looking again and again at growing data finds a difference sooner or later where there is none (Armitage, McPherson &
Rowe 1969), so the risk is spent over the looks (Lan & DeMets 1983), here in equal parts, and over the pairs of systems
(Bonferroni): with K looks and m systems a pair is told apart at a look when the paired test by signs
(`modellab.statistics.signs`, with ties counted whole) gives

    p <= risk / (K m (m - 1) / 2),

and then that test's interval of that level leaves out 0. The chance that any system is left out which is
as good as the others is then at most the risk, however the looks depend on each other; for the looks are at cases that
were fixed beforehand, and so is their number. A look that is made again, at the same cases, is no other look.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modellab.metrics.bounds import UNBOUNDED, Bounds
from modellab.statistics.cases import Case, Direction, PairedCase, pair, worst_figure
from modellab.statistics.comparing import FEW
from modellab.statistics.drawing import DRAWS, told
from modellab.statistics.signs import by_signs
from modellab.statistics.sums import sums

RISK = 0.05
"""Of leaving out a system that is as good as the others, over a whole sweep of a dataset."""
FIRST = 10
"""Cases of the first round: below that signs can hardly rule out anything."""
_LAST = 0.75
"""A look after a larger part of the cases would save too few of them."""
_PRECISION = 25
"""Draws for each that p values at the limit rest on."""
_MOST_DRAWS = 400_000


@dataclass(frozen=True, slots=True)
class Rule:
    """When a system is left out, in a sweep of so many systems over so many cases."""

    systems: int
    cases: int
    risk: float = RISK

    @property
    def rounds(self) -> list[int]:
        """How many cases are measured at the end of each round: each has as many as all before it, the last the rest.

        There is a look at the end of each but the last.
        """
        ends = []
        end = FIRST
        while end <= _LAST * self.cases:
            ends.append(end)
            end *= 2
        return [*ends, self.cases]

    @property
    def looks(self) -> int:
        """How many there are at most."""
        return len(self.rounds) - 1

    @property
    def level(self) -> float:
        """What the p value of a pair must not exceed at a look; 0 where nothing is looked at."""
        pairs = self.systems * (self.systems - 1) // 2
        return self.risk / (self.looks * pairs) if self.looks and pairs else 0.0

    @property
    def draws(self) -> int:
        """Choices of signs, where there are too many to take all."""
        return min(_MOST_DRAWS, max(DRAWS, math.ceil(_PRECISION / self.level))) if self.level else DRAWS


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A system that is left out, and the test that says so."""

    system: str
    against: str
    """The best of those that are in, which it is worse than."""
    difference: float
    """Its figure less the best one's, in the metric's unit; likewise the limits of the interval at the rule's level."""
    low: float | None
    high: float | None
    p: float
    cases: int
    """Over which."""


def ruled_out(
    systems: Mapping[str, Sequence[Case]],
    rule: Rule,
    *,
    better: Direction,
    unit: str,
    bounds: Bounds = UNBOUNDED,
    seed: int = 0,
) -> list[RuledOut]:
    """Which systems a look leaves out: those that the best of all is surely better than.

    Args:
        systems: those still in, each with its cases of the rounds so far.
        seed: of the draws, where there are more than 14 units.

    Raises:
        UsageError: a case that is there twice, or amounts that make no figure.
    """
    best = _best(systems, better, unit)
    if best is None or not rule.level:
        return []
    found = []
    for name, cases in systems.items():
        pairs = pair(cases, systems[best])
        if name == best or not _may_be_worse(pairs, better, unit):
            continue
        added = sums(pairs, worst_figure(unit, better))
        by = by_signs(added, rule.level, seed, rule.draws, ties=1.0)
        if by.p <= rule.level:
            low, high = map(_limit, bounds.of_differences.within(by.low, by.high))
            difference = told(float(added.figures[0] - added.figures[1]))
            found.append(RuledOut(name, best, difference, low, high, told(by.p), len(pairs)))
    return found


def _best(systems: Mapping[str, Sequence[Case]], better: Direction, unit: str) -> str | None:
    """The system with the best figure; where a failed case has no worst figure, of those that failed least."""
    worst = worst_figure(unit, better)
    ranked = []
    for name, cases in systems.items():
        added = sums(cases, worst)
        if added.units and added.denominators.sum() > 0:
            value = float(added.figures[0])
            failed = sum(case.amounts is None for case in cases) if worst is None else 0
            ranked.append((failed, value if better == "lower" else -value, name))
    return min(ranked)[2] if ranked else None


def _may_be_worse(pairs: Sequence[PairedCase], better: Direction, unit: str) -> bool:
    """Whether a has a worse figure than b, over enough to say so, and not only because b did not fail on what is
    hard."""
    worst = worst_figure(unit, better)
    added = sums(pairs, worst)
    if added.units < FEW or not (added.denominators.sum(axis=0) > 0).all():
        return False
    failed_less = sum(one.a is None for one in pairs) < sum(one.b is None for one in pairs)
    if worst is None and failed_less:
        return False
    return bool((added.figures[0] > added.figures[1]) == (better == "lower") and added.figures[0] != added.figures[1])


def _limit(value: float) -> float | None:
    return told(value) if math.isfinite(value) else None
