"""Cases as statistics see them: what one recording adds above and below the line, and what is drawn together.

A failed case stays in: it gets the worst figure there is (100 % errors, or nothing right), over the denominator that
another system has on it; where nobody knows its denominator it weighs as much as the average case.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from modellab.metrics.formulas import Formula, formula_of

Direction = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a case adds to a ratio of sums; of a mean, the figure itself and 1."""

    numerator: float
    denominator: float
    formula: Formula | None = None
    """Of a figure that is no ratio of sums: how it follows from the sums of `parts`."""
    parts: tuple[float, ...] = ()
    """In the formula's order; none without a formula."""

    @property
    def components(self) -> dict[str, float]:
        """Its parts by name."""
        return dict(zip(self.formula.parts, self.parts, strict=True)) if self.formula else {}

    @property
    def value(self) -> float | None:
        """The case's own figure; None where there is nothing below the line."""
        return self.numerator / self.denominator if self.denominator else None


def amounts_of(metric: str, numerator: float, denominator: float, components: Mapping[str, float] | None) -> Amounts:
    """What a score of a metric adds.

    Raises:
        KeyError: the metric has a formula, and a component that this wants is missing.
    """
    formula = formula_of(metric)
    if formula is None:
        return Amounts(numerator, denominator)
    known = components or {}
    return Amounts(numerator, denominator, formula, tuple(float(known[part]) for part in formula.parts))


@dataclass(frozen=True, slots=True)
class Case:
    """One system on one recording."""

    case_id: str
    amounts: Amounts | None
    """None: the system failed on it, or its result could not be judged."""
    cluster: str | None = None
    """Speaker or session: what is drawn together. None: the recording is drawn by itself."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Slice -> value, such as noise: street."""


@dataclass(frozen=True, slots=True)
class PairedCase:
    """Two systems on one recording."""

    case_id: str
    a: Amounts | None
    """None: the system failed on it, or its result could not be judged."""
    b: Amounts | None
    cluster: str | None = None
    """Speaker or session: what is drawn together. None: the recording is drawn by itself."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Slice -> value, such as noise: street."""


def pair(a: Iterable[Case], b: Iterable[Case]) -> list[PairedCase]:
    """The cases that two systems both were put to, in `a`'s order; cluster and tags are those of `a`.

    A case that one of them was never put to is no failure, and no pair.
    """
    others = {case.case_id: case for case in b}
    return [
        PairedCase(case.case_id, case.amounts, others[case.case_id].amounts, case.cluster, case.tags)
        for case in a
        if case.case_id in others
    ]


def worst_figure(unit: str, better: Direction) -> float | None:
    """The figure that a failed case gets: all wrong, or nothing right; None for figures that have no worst one.

    Args:
        unit: of the metric; `ratio` and `points` have a worst figure, decibels and seconds have none.
    """
    if unit == "points":
        return 0.0 if better == "higher" else None
    if unit != "ratio":
        return None
    return 1.0 if better == "lower" else 0.0


def clusters_by_speakers(speakers: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    """Which cluster each case belongs to: cases that share a speaker, directly or by way of others, are one.

    Args:
        speakers: case -> who speaks in it; nobody is known where it is empty, and the case then stands alone.

    Returns:
        Case -> name of its cluster (its first speaker in order of the alphabet); None for a case that stands alone.
    """
    parent: dict[str, str] = {}

    def root(speaker: str) -> str:
        parent.setdefault(speaker, speaker)
        while parent[speaker] != speaker:
            parent[speaker] = parent[parent[speaker]]
            speaker = parent[speaker]
        return speaker

    for together in speakers.values():
        roots = sorted({root(speaker) for speaker in together})
        for other in roots[1:]:
            parent[other] = roots[0]
    return {case: root(together[0]) if together else None for case, together in speakers.items()}
