"""The same questions, slice by slice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from modellab.metrics.bounds import UNBOUNDED, Bounds
from modellab.statistics.cases import Case, Direction, PairedCase
from modellab.statistics.comparing import Comparison, adjusted, compare
from modellab.statistics.drawing import DRAWS
from modellab.statistics.intervals import Interval, interval

C = TypeVar("C", Case, PairedCase)

LEAST_CASES = 3
"""Of which a slice must be made to be called the worst."""


@dataclass(frozen=True, slots=True)
class SliceComparison:
    """Two systems on the cases that share a tag."""

    tag: str
    value: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class SliceFigure:
    """One system on the cases that share a tag."""

    tag: str
    value: str
    interval: Interval


def by_slice(
    pairs: Sequence[PairedCase],
    *,
    better: Direction = "lower",
    unit: str = "ratio",
    bounds: Bounds = UNBOUNDED,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[SliceComparison]:
    """Compares two systems on every slice, with Holm's correction over all slices; in order of tag and value."""
    names = slices(pairs)
    within = [_within(pairs, tag, value) for tag, value in names]
    kind: Any = {"better": better, "unit": unit, "bounds": bounds, "seed": seed, "draws": draws}
    found = adjusted([compare(one, **kind) for one in within])
    return [SliceComparison(tag, value, one) for (tag, value), one in zip(names, found, strict=True)]


def figures_by_slice(
    cases: Sequence[Case],
    *,
    better: Direction = "lower",
    unit: str = "ratio",
    bounds: Bounds = UNBOUNDED,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[SliceFigure]:
    """One system's figure on every slice; in order of tag and value."""
    kind: Any = {"better": better, "unit": unit, "bounds": bounds, "seed": seed, "draws": draws}
    return [SliceFigure(tag, value, interval(_within(cases, tag, value), **kind)) for tag, value in slices(cases)]


def worst_comparison(found: Sequence[SliceComparison]) -> SliceComparison | None:
    """The slice on which a does worst against b: by the difference, of slices of at least three cases."""
    return max(
        (one for one in found if one.comparison.n >= LEAST_CASES and one.comparison.difference is not None),
        key=lambda one: (one.comparison.difference or 0.0) * (1 if one.comparison.better == "lower" else -1),
        default=None,
    )


def worst_figure_of(found: Sequence[SliceFigure], better: Direction) -> SliceFigure | None:
    """The slice with the worst figure, of those of at least three cases."""
    return max(
        (one for one in found if one.interval.n >= LEAST_CASES and one.interval.value is not None),
        key=lambda one: (one.interval.value or 0.0) * (1 if better == "lower" else -1),
        default=None,
    )


def slices(cases: Iterable[Case | PairedCase]) -> list[tuple[str, str]]:
    """Tags and values that split the cases: a tag that all share with one value is no slice."""
    listed = list(cases)
    found = sorted({(tag, value) for case in listed for tag, value in case.tags.items()})
    return [(tag, value) for tag, value in found if any(case.tags.get(tag) != value for case in listed)]


def _within(cases: Sequence[C], tag: str, value: str) -> list[C]:
    return [case for case in cases if case.tags.get(tag) == value]
