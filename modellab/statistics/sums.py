"""Cases added up by what is drawn together, as arrays; failed cases get their figure here.

Of a figure with a formula each case has as its numerator what it adds to first order, so that the ratio of the sums is
the corpus's figure exactly, and what leaving out or drawing a case does to it is right to first order: with weights w
of sum W, figure f and slopes g at the sums S, case x adds w f + W (g x - g S w / W).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from modellab.errors import UsageError
from modellab.statistics.cases import Amounts, Case, PairedCase

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums above and below the line, one for each unit that is drawn; shape (units, systems)."""

    numerators: Floats
    denominators: Floats
    clusters: int
    """Speakers or sessions; of recordings that stand alone, each is one."""
    by_recording: bool
    """Recordings are drawn, because all are of one cluster, or none is known to belong to any."""

    @property
    def units(self) -> int:
        """How many are drawn."""
        return len(self.numerators)

    @property
    def figures(self) -> Floats:
        """Each system's ratio of sums."""
        totals: Floats = self.numerators.sum(axis=0) / self.denominators.sum(axis=0)
        return totals


def sums(cases: Sequence[Case] | Sequence[PairedCase], failed: float | None) -> Sums:
    """Adds up cases by cluster; recordings one by one where there is one cluster, for nothing else is left to draw.

    Clusters are in the order of their names, so the order of the cases decides nothing. Units without any amount are
    left out.

    Args:
        failed: the figure of a failed case; None leaves such cases out.

    Raises:
        UsageError: a case that is there twice, an amount that is no number, or a negative denominator.
    """
    listed: list[Case | PairedCase] = list(cases)
    _refuse(listed)
    systems = len(_amounts(listed[0])) if listed else 1
    columns = [_filled(listed, system, failed) for system in range(systems)]
    places = [place for place in range(len(listed)) if all(column[place] is not None for column in columns)]
    ratios = [_ratios([known for place in places if (known := column[place]) is not None]) for column in columns]
    kept = [
        (_name(listed[place]), listed[place].case_id, [column[number] for column in ratios])
        for number, place in enumerate(places)
    ]
    kept.sort(key=lambda one: one[:2])
    names = {name for name, _, _ in kept}
    alone = len(names) == 1 or all(name[0] == "recording" for name in names)
    grouped = groupby(kept, key=lambda one: one[:2] if alone else one[0])
    rows = [np.array([amounts for _, _, amounts in group]).sum(axis=0) for _, group in grouped]
    table: Floats = np.array(rows, dtype=np.float64).reshape(len(rows), systems, 2)
    table = table[(table != 0).any(axis=(1, 2))]
    return Sums(table[:, :, 0], table[:, :, 1], len(names), alone)


def _filled(cases: Sequence[Case | PairedCase], system: int, failed: float | None) -> list[Amounts | None]:
    """What each case adds under one system, failed ones with the worst figure over what is known of the reference."""
    own = [_amounts(case)[system] for case in cases]
    known = [next((one for one in _amounts(case) if one is not None), None) for case in cases]
    average = _average([one for one in known if one is not None])
    filled: list[Amounts | None] = []
    for amounts, other in zip(own, known, strict=True):
        if amounts is not None or failed is None:
            filled.append(amounts)
        else:
            filled.append(_failed(average if other is None else other, failed))
    return filled


def _failed(other: Amounts, failed: float) -> Amounts:
    parts = other.formula.of_nothing(other.parts) if other.formula else ()
    return Amounts(failed * other.denominator, other.denominator, other.formula, parts)


def _average(known: Sequence[Amounts]) -> Amounts:
    """What the average case has below the line, and of a formula's parts."""
    if not known:
        return Amounts(0.0, 1.0)
    parts = tuple(sum(several) / len(known) for several in zip(*(one.parts for one in known), strict=True))
    return Amounts(0.0, sum(one.denominator for one in known) / len(known), known[0].formula, parts)


def _ratios(column: Sequence[Amounts]) -> list[tuple[float, float]]:
    """Numerators and denominators whose ratio of sums is the figure."""
    formula = next((one.formula for one in column if one.formula is not None), None)
    if formula is None:
        return [(one.numerator, one.denominator) for one in column]
    parts: Floats = np.array([one.parts or (0.0,) * len(formula.parts) for one in column])
    weights: Floats = np.array([one.denominator for one in column])
    totals = parts.sum(axis=0).tolist()
    slopes: Floats = np.array(formula.slopes(totals))
    moved = parts @ slopes
    weight = float(weights.sum())
    added = weights * formula.figure(totals) + (weight * moved - moved.sum() * weights)
    return [(float(above), float(below)) for above, below in zip(added, weights, strict=True)]


def _amounts(case: Case | PairedCase) -> tuple[Amounts | None, ...]:
    return (case.amounts,) if isinstance(case, Case) else (case.a, case.b)


def _name(case: Case | PairedCase) -> tuple[str, str]:
    return ("recording", case.case_id) if case.cluster is None else ("cluster", case.cluster)


def _refuse(cases: Sequence[Case | PairedCase]) -> None:
    seen: set[str] = set()
    for case in cases:
        if case.case_id in seen:
            raise UsageError(f"case {case.case_id} is there twice", allowed="each case once")
        seen.add(case.case_id)
        for one in _amounts(case):
            if one is not None and not (np.isfinite([one.numerator, one.denominator]).all() and one.denominator >= 0):
                raise UsageError(
                    f"the amounts of case {case.case_id} make no figure",
                    found=f"{one.numerator} over {one.denominator}",
                    allowed="numbers, with none below zero under the line",
                )
