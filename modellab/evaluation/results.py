"""The figures there are: of every system on every dataset, and all of one system."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modellab.evaluation.documents import figure_document
from modellab.evaluation.measured import measured, system_measured
from modellab.evaluation.outcomes import Measure, Outcomes, outcomes
from modellab.evaluation.speed import StepSpeed, speeds
from modellab.evaluation.standing import Figure, figure_of, main_of, place_of
from modellab.settings import Lab
from modellab.warehouse.query import query

_RANKS = """
SELECT
    dataset, dataset_version, step, metric, unit, better, protocol, scorer_version, device, rank, systems, common_cases
FROM leaderboard WHERE system = $system AND dataset IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of one system on one dataset."""

    dataset: str
    version: str
    of: int
    """Cases that the dataset has."""
    system: str
    """With `on` and the kind of device where it was measured on several."""
    figure: Figure

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        place = {"dataset": self.dataset, "version": self.version, "of": self.of, "system": self.system}
        return {**place, "metric": self.figure.measure.metric, **figure_document(self.figure)}


@dataclass(frozen=True, slots=True)
class Rank:
    """A system's place among those measured by the same."""

    rank: int | None
    """None where there is nothing to compare."""
    systems: int
    """So many there are."""
    common_cases: int
    """Over which they are ranked: those that all were put to."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All figures of one system."""

    system: str
    figures: tuple[tuple[Result, Rank | None], ...]
    speeds: tuple[StepSpeed, ...]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "system": self.system,
            "figures": [
                {
                    **result.document(),
                    "rank": rank.rank if rank else None,
                    "systems": rank.systems if rank else 1,
                    "common_cases": rank.common_cases if rank else result.figure.interval.n,
                }
                for result, rank in self.figures
            ],
            "speed": [step.document() for step in self.speeds],
        }


def results(lab: Lab, dataset: str | None = None) -> list[Result]:
    """The latest main figures, in order of dataset, metric and system; by `modellab.evaluation.standing.MAIN_METRICS`.

    Raises:
        UnknownName: nothing was measured on the dataset.
    """
    return [
        result
        for one in measured(lab, dataset)
        for result in _results(outcomes(lab, one.dataset, one.version, one.systems), only_main=True)
    ]


def scorecard(lab: Lab, system: str) -> Scorecard:
    """All figures of one system on all datasets, each with its rank, and how fast its steps were.

    Args:
        system: its key, as it was measured.

    Raises:
        UnknownName: no system of that name was measured.
    """
    listed = [
        result
        for one in system_measured(lab, system)
        for result in _results(outcomes(lab, one.dataset, one.version, [system]), only_main=False)
    ]
    ranks: dict[tuple[str, str, Measure], dict[str | None, Rank]] = {}
    for row in query(lab, _RANKS, {"system": system}).as_records():
        measure = Measure(*(row[name] for name in Measure.__slots__))
        by_device = ranks.setdefault((row["dataset"], row["dataset_version"], measure), {})
        by_device[row["device"]] = Rank(row["rank"], row["systems"], row["common_cases"])
    figures = tuple(
        (one, _of_device(ranks.get((one.dataset, one.version, one.figure.measure), {}), system, one.system))
        for one in listed
    )
    return Scorecard(system, figures, tuple(speeds(lab, None, None, [system]).get(system, ())))


def _results(found: Outcomes, *, only_main: bool) -> Iterator[Result]:
    main = main_of([*found.by_measure, *found.of_corpus])
    for measure in main if only_main else sorted([*found.by_measure, *found.of_corpus], key=place_of):
        for system, cases in sorted(found.by_measure.get(measure, {}).items()):
            figure = figure_of(measure, cases, with_slices=measure in main)
            yield Result(found.dataset, found.version, found.cases, system, figure)
        for system, interval in sorted(found.of_corpus.get(measure, {}).items()):
            yield Result(found.dataset, found.version, found.cases, system, Figure(measure, interval, None))


def _of_device(ranks: dict[str | None, Rank], system: str, named: str) -> Rank | None:
    """The rank of a system, whose name says the device where there are several."""
    if len(ranks) == 1:
        return next(iter(ranks.values()))
    return ranks.get(named.removeprefix(f"{system} on "))
