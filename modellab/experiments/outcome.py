"""What came of a sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from modellab.evaluation.outcomes import Measure
from modellab.runs.bench import Bench
from modellab.runs.launching import LaunchResult
from modellab.statistics.stopping import Rule, RuledOut

Fate = Literal["measured", "ruled out", "not finished"]
"""All its cases; surely worse than another, so the rest was left out; the budget ended first."""


@dataclass(frozen=True, slots=True)
class SystemFate:
    """What became of one system."""

    system: str
    fate: Fate
    inputs: int
    """That it was put to."""
    of: int
    """That there are."""
    ruled_out: RuledOut | None = None
    look: int | None = None
    """The how-manieth look left it out, from 1."""
    left_s: float | None = None
    """What the rest would take; None where that is nothing, or not known."""


@dataclass(frozen=True, slots=True)
class DatasetSweep:
    """One dataset of a sweep."""

    bench: Bench
    fates: Sequence[SystemFate]
    rule: Rule | None
    """When systems were left out; None without a budget: then none is."""
    measure: Measure | None
    """By which; None where no look was made."""
    looks: int
    """That were made."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """All of it."""

    id: str
    experiment: str | None
    budget_s: float | None
    wall_s: float
    datasets: Sequence[DatasetSweep]
    """In the order in which they were measured."""

    @property
    def failed(self) -> list[LaunchResult]:
        """Runs that did not complete."""
        return [run for one in self.datasets for run in one.bench.failed]

    @property
    def complete(self) -> bool:
        """Whether nothing failed, nothing is missing, and the budget was enough."""
        return not self.failed and not any(
            one.bench.enrolment.failed or any(fate.fate == "not finished" for fate in one.fates)
            for one in self.datasets
        )
