"""Cases added up by what is drawn together, as arrays; failed cases get their figure here."""

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
    kept: list[tuple[tuple[str, str], str, list[tuple[float, float]]]] = []
    for place, case in enumerate(listed):
        amounts = [known for column in columns if (known := column[place]) is not None]
        if len(amounts) == systems:
            kept.append((_name(case), case.case_id, amounts))
    kept.sort(key=lambda one: one[:2])
    names = {name for name, _, _ in kept}
    alone = len(names) == 1 or all(name[0] == "recording" for name in names)
    grouped = groupby(kept, key=lambda one: one[:2] if alone else one[0])
    rows = [np.array([amounts for _, _, amounts in group]).sum(axis=0) for _, group in grouped]
    table: Floats = np.array(rows, dtype=np.float64).reshape(len(rows), systems, 2)
    table = table[(table != 0).any(axis=(1, 2))]
    return Sums(table[:, :, 0], table[:, :, 1], len(names), alone)


def _filled(cases: Sequence[Case | PairedCase], system: int, failed: float | None) -> list[tuple[float, float] | None]:
    own = [_amounts(case)[system] for case in cases]
    known = [next((one.denominator for one in _amounts(case) if one is not None), None) for case in cases]
    sizes = [size for size in known if size is not None]
    average = sum(sizes) / len(sizes) if sizes else 1.0
    filled: list[tuple[float, float] | None] = []
    for amounts, size in zip(own, known, strict=True):
        if amounts is not None:
            filled.append((amounts.numerator, amounts.denominator))
        elif failed is None:
            filled.append(None)
        else:
            weight = average if size is None else size
            filled.append((failed * weight, weight))
    return filled


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
