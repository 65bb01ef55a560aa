"""Which systems suit a use case, from what was measured: who meets its constraints, what each is worth, who is ahead.

A score is the sum over criteria of weight times worth (`Criterion.worth`). A candidate is ahead of another only where
that holds at the least favourable ends of all 95 % intervals of their paired differences; its rank is one more than the
candidates that are ahead of it, so those that can't be told apart share a rank. What was not measured has neither score
nor rank.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from modellab.evaluation.constraints import Finding, findings
from modellab.evaluation.evidence import Contestant, Evidence, Measured
from modellab.evaluation.use_cases import SPEED, Criterion, UseCase
from modellab.pipeline.system import System
from modellab.registry.registry import ModelRegistry
from modellab.statistics.cases import Case
from modellab.statistics.comparing import Comparison, Versus, compare_systems
from modellab.statistics.intervals import Interval, interval

State = Literal["ranked", "ruled out", "lacks evidence"]


@dataclass(frozen=True, slots=True)
class Part:
    """One criterion's part of a candidate's score."""

    criterion: Criterion
    figure: Interval | None
    """Of speed the seconds of inference per second of sound; None where it was not measured."""
    missing: str | None
    """Why it does not count; None where it does."""

    @property
    def value(self) -> float | None:
        """The figure as the criterion means it: speed in times real time."""
        if self.figure is None or self.figure.value is None:
            return None
        return as_meant(self.criterion, self.figure.value)

    @property
    def points(self) -> float | None:
        """What it adds to the score; None where it does not count."""
        return None if self.missing or self.value is None else self.criterion.weight * self.criterion.worth(self.value)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One system, and what is known of it for the use case."""

    system: str
    device: str | None
    """Kind of device that it was measured on; None where it was not measured."""
    findings: tuple[Finding, ...]
    """Each constraint, met or not, or without evidence."""
    parts: tuple[Part, ...]
    unavailable: str | None
    """Why it can't run on this machine; None where it can, or was measured."""
    rank: int | None = None
    ahead_of: tuple[str, ...] = ()
    not_separable_from: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """System and device."""
        return str(Contestant(self.system, self.device)) if self.device is not None else self.system

    @property
    def state(self) -> State:
        """Whether it can be ranked."""
        if any(one.state == "not met" for one in self.findings):
            return "ruled out"
        lacks = any(one.state == "no evidence" for one in self.findings) or any(
            one.points is None for one in self.parts
        )
        return "lacks evidence" if lacks else "ranked"

    @property
    def score(self) -> float | None:
        """0 to 1; None where a part is missing."""
        points = [one.points for one in self.parts]
        return None if None in points else math.fsum(one for one in points if one is not None)

    @property
    def missing(self) -> list[str]:
        """What is not known of it."""
        unknown = [f"{one.constraint}: {one.told}" for one in self.findings if one.state == "no evidence"]
        return [*(f"{one.criterion.name}: {one.missing}" for one in self.parts if one.missing), *unknown]


@dataclass(frozen=True, slots=True)
class ScoreComparison:
    """Two contestants by one criterion: differences are a's figure less b's; of speed, of seconds for each second."""

    criterion: Criterion
    comparison: Comparison


def as_meant(criterion: Criterion, figure: float) -> float:
    """A measured figure as a criterion means it: of seconds per second of sound, times real time."""
    if criterion.metric != SPEED:
        return figure
    return 1 / figure if figure > 0 else math.inf


def candidates(
    use_case: UseCase,
    found: Evidence,
    systems: Mapping[str, System],
    registry: ModelRegistry,
    *,
    unavailable: Mapping[str, str],
    seed: int = 0,
) -> list[Candidate]:
    """All candidates: the ranked ones first, then those that lack evidence, then those that a constraint rules out.

    Args:
        systems: key -> system, of all that offer what the use case asks for, measured or not.
        unavailable: key -> why the system can't run on this machine.
        seed: of the draws that intervals rest on.
    """
    measured = [one for one in found.contestants if one.system in systems]
    rest = [key for key in systems if key not in {one.system for one in measured}]
    every = []
    for key, contestant in [*((one.system, one) for one in measured), *((key, None) for key in rest)]:
        parts = tuple(_part(one, found.measured[one.name], contestant, seed) for one in use_case.score)
        told = findings(
            use_case.constraints,
            systems[key],
            registry,
            contestant,
            speed=_slowest(parts),
            peaks=found.peaks.get(contestant, ()) if contestant else (),
        )
        device = contestant.device if contestant else None
        every.append(Candidate(key, device, tuple(told), parts, unavailable.get(key)))
    ranked = _ranked([one for one in every if one.state == "ranked"], found, seed)
    others = [one for one in every if one.state != "ranked"]
    order = ("lacks evidence", "ruled out")
    return [*ranked, *sorted(others, key=lambda one: (order.index(one.state), one.device is None, one.system))]


def _slowest(parts: Sequence[Part]) -> float | None:
    """Times real time, where that is known; of several datasets on the one where it is slowest."""
    speeds = [one for one in parts if one.criterion.metric == SPEED]
    known = [one.value for one in speeds if one.missing is None and one.value is not None]
    return min(known) if known and len(known) == len(speeds) else None


def _part(criterion: Criterion, measured: Measured | None, contestant: Contestant | None, seed: int) -> Part:
    cases = measured.cases.get(contestant, ()) if measured and contestant else ()
    if measured is None or not cases:
        return Part(criterion, None, "not measured")
    measure = measured.measure
    figure = interval(cases, better=measure.better, unit=measure.unit, bounds=measure.bounds, seed=seed)
    missing = None
    if len(cases) < measured.of:
        missing = f"{len(cases)} of {measured.of} cases measured"
    elif figure.value is None:
        missing = "no case has anything below the line"
    return Part(criterion, figure, missing)


def compared(found: Evidence, score: Sequence[Criterion], a: Contestant, b: Contestant) -> list[ScoreComparison]:
    """Two contestants on the same recordings, by each criterion that both were measured by.

    Each comparison stands for itself: there are two systems, and the score is one question about them.
    """
    of_two = []
    for criterion in score:
        measured = found.measured[criterion.name]
        if measured is not None and a in measured.cases and b in measured.cases:
            both = {str(one): measured.cases[one] for one in (a, b)}
            of_two += [ScoreComparison(criterion, versus.comparison) for versus in _versus(measured, both, seed=0)]
    return of_two


def _ranked(those: Sequence[Candidate], found: Evidence, seed: int) -> list[Candidate]:
    names = [one.name for one in those]
    by_pair: dict[tuple[str, str], list[ScoreComparison]] = {}
    for criterion in [part.criterion for part in those[0].parts] if those else ():
        measured = found.measured[criterion.name]
        if measured is None:
            continue
        by_name = {str(one): cases for one, cases in measured.cases.items()}
        for versus in _versus(measured, {name: by_name[name] for name in names}, seed):
            by_pair.setdefault((versus.a, versus.b), []).append(ScoreComparison(criterion, versus.comparison))
    ahead: dict[str, set[str]] = {name: set() for name in names}
    for (a, b), every in by_pair.items():
        least, most = score_limits(every)
        if least > 0:
            ahead[a].add(b)
        elif most < 0:
            ahead[b].add(a)
    ranked = [
        Candidate(
            one.system,
            one.device,
            one.findings,
            one.parts,
            one.unavailable,
            1 + sum(one.name in others for others in ahead.values()),
            tuple(name for name in names if name in ahead[one.name]),
            tuple(
                name
                for name in names
                if name != one.name and name not in ahead[one.name] and one.name not in ahead[name]
            ),
        )
        for one in those
    ]
    return sorted(ranked, key=lambda one: (one.rank, -(one.score or 0.0), one.name))


def _versus(measured: Measured, systems: Mapping[str, Sequence[Case]], seed: int) -> list[Versus]:
    measure = measured.measure
    return compare_systems(systems, better=measure.better, unit=measure.unit, bounds=measure.bounds, seed=seed)


def score_limits(those: Sequence[ScoreComparison]) -> tuple[float, float]:
    """The least and the most by which a's score may exceed b's, each difference anywhere in its interval."""
    ends = [_ends(one.criterion, one.comparison) for one in those]
    return math.fsum(low for low, _ in ends), math.fsum(high for _, high in ends)


def _ends(criterion: Criterion, comparison: Comparison) -> tuple[float, float]:
    if comparison.a is None or comparison.difference is None:
        return -criterion.weight, criterion.weight
    low = -math.inf if comparison.low is None else comparison.low
    high = math.inf if comparison.high is None else comparison.high
    if comparison.verdict == "not separable":
        # The interval stands for itself; the verdict counts how many systems were compared.
        low, high = min(low, 0.0), max(high, 0.0)
    own = criterion.worth(as_meant(criterion, comparison.a))
    others = [criterion.worth(as_meant(criterion, comparison.a - difference)) for difference in (low, high)]
    return criterion.weight * (own - max(others)), criterion.weight * (own - min(others))
