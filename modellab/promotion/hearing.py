"""Whether a system may be promoted: what speaks for it and against it, from what was measured."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from modellab.evaluation.candidates import Candidate, ScoreComparison, as_meant, compared, score_limits
from modellab.evaluation.contenders import Field
from modellab.evaluation.evidence import Contestant, Measured
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.use_cases import SPEED, Criterion
from modellab.evaluation.wording import difference_text
from modellab.statistics.cases import pair
from modellab.statistics.comparing import Comparison
from modellab.statistics.slices import (
    SliceComparison,
    SliceFigure,
    by_slice,
    figures_by_slice,
    worst_comparison,
    worst_figure_of,
)
from modellab.units import plural

Verdict = Literal["the first", "confirmed", "better", "not worse", "refused"]
Tolerance = Callable[[Measure, float], float]
"""By how much a figure may be worse than another, in its unit."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One criterion: the system's worst slice, and how it stands against the present one."""

    criterion: Criterion
    measure: Measure
    worst: SliceFigure | None
    """Of at least three cases; None of speed, and where nothing divides the cases."""
    against: Comparison | None
    """None where there is nothing to compare it with."""
    slices: tuple[SliceComparison, ...] = ()

    @property
    def worst_against(self) -> SliceComparison | None:
        """The slice in which it does worst against the present one."""
        return worst_comparison(self.slices)

    @property
    def sentence(self) -> str:
        """How the two stand: `wer of calls: 0.12 against 0.15, -3.0 points [-4.1, -1.9], n = 40 recordings`."""
        found = self.against
        if found is None or found.a is None or found.b is None:
            return f"{self.criterion.name}: nothing to compare"
        a, b = (as_meant(self.criterion, figure) for figure in (found.a, found.b))
        n = f"n = {plural(found.n, 'recording')}"
        if self.criterion.metric == SPEED:
            surely = "" if found.verdict != "not separable" else ", not separable"
            return f"{self.criterion.name}: {a:.1f}x against {b:.1f}x{surely}, {n}"
        surely = ", not separable" if found.verdict == "not separable" else ""
        return f"{self.criterion.name}: {a:.3f} against {b:.3f}, {difference_text(found, self.measure)}{surely}, {n}"


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that counts when a system is to be promoted for a use case."""

    field: Field
    system: str
    candidate: Candidate | None
    """The system where it was measured best; None where it is no candidate."""
    current: str | None
    """What is promoted now."""
    rival: Candidate | None
    """That, where it was measured likewise; None where it was not, or is the same."""
    weighed: tuple[Weighed, ...]
    score_low: float | None
    """The least and the most by which its score may exceed the present one's; None where there is none to compare."""
    score_high: float | None
    objections: tuple[str, ...]
    """Why it must not be promoted; none where it may."""

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        if self.objections:
            return "refused"
        if self.current is None:
            return "the first"
        if self.current == self.system:
            return "confirmed"
        return "better" if self.score_low is not None and self.score_low > 0 else "not worse"

    @property
    def more_cases(self) -> int | None:
        """So many more recordings like these might tell by every figure; None where nobody can say, or it is told."""
        unsure = [one.against for one in self.weighed if one.against and one.against.verdict == "not separable"]
        return max((one.more_cases for one in unsure if one.more_cases), default=None)

    @property
    def said(self) -> str:
        """The verdict in a sentence, of a system that may be promoted."""
        assert self.candidate is not None
        if self.verdict == "the first":
            of = len(self.field.of("ranked"))
            return f"nothing was promoted before; rank {self.candidate.rank} of {of} with evidence"
        if self.verdict == "confirmed":
            return "it was promoted before; this is newer evidence"
        assert self.score_low is not None and self.score_high is not None
        by = f"by the score between {self.score_low:+.3f} and {self.score_high:+.3f}"
        return f"{'better' if self.verdict == 'better' else 'not worse'} than {self.current}: {by}"


def hear(found: Field, system: str, current: str | None, *, tolerance: Tolerance, missing: str | None) -> Hearing:
    """Weigh a system.

    It may be promoted where it meets every constraint, was measured by each criterion, and is not worse than what is
    promoted now: its score is at most the use case's margin lower even if every difference lies at the end of its 95 %
    interval that speaks against it, and no slice is surely worse by more than the tolerance. What can't be told is no
    evidence.

    Args:
        current: what is promoted now.
        missing: why the system can't run on this machine; None where it can.
    """
    candidate, rival = _of(found, system), _of(found, current)
    if candidate is not None and rival is not None:
        same = [one for one in found.candidates if one.system == current and one.device == candidate.device]
        rival = same[0] if same else rival
    is_other = current is not None and current != system
    objections = [] if missing is None else [f"it can't run here: {missing}"]
    objections += _own(candidate)
    weighed: list[Weighed] = []
    low = high = None
    if candidate is not None and candidate.device is not None:
        comparable = rival if is_other and rival is not None and rival.state != "lacks evidence" else None
        weighed = _weighed(found, candidate, comparable)
        if is_other and candidate.state == "ranked":
            if comparable is None:
                objections.append(f"{current}, which is promoted now, can't be compared: {_why_not(rival)}")
            else:
                low, high = score_limits(
                    [ScoreComparison(one.criterion, one.against) for one in weighed if one.against is not None]
                )
                objections += _by_score(found.use_case.margin, str(current), low, high)
                objections += dict.fromkeys(_by_slice(str(current), weighed, tolerance))
    return Hearing(
        found,
        system,
        candidate,
        current,
        rival if is_other else None,
        tuple(weighed),
        low,
        high,
        tuple(objections),
    )


def _of(found: Field, system: str | None) -> Candidate | None:
    """A system where it was measured best: candidates come in that order."""
    return next((one for one in found.candidates if one.system == system), None)


def _own(candidate: Candidate | None) -> list[str]:
    """What speaks against a system by itself."""
    if candidate is None:
        return ["it was not measured"]
    refused = [f"{one.constraint}: {one.told}" for one in candidate.findings if one.state == "not met"]
    return [*refused, *candidate.missing]


def _why_not(rival: Candidate | None) -> str:
    if rival is None:
        return "it is no candidate any more"
    return "; ".join(rival.missing) or "it was not measured"


def _weighed(found: Field, candidate: Candidate, rival: Candidate | None) -> list[Weighed]:
    own = Contestant(candidate.system, candidate.device or "")
    other = Contestant(rival.system, rival.device or "") if rival else None
    score = found.use_case.score
    versus = (
        {one.criterion.name: one.comparison for one in compared(found.evidence, score, own, other)} if other else {}
    )
    return [
        _one(criterion, measured, own, other, versus.get(criterion.name))
        for criterion in score
        if (measured := found.evidence.measured[criterion.name]) is not None and own in measured.cases
    ]


def _one(
    criterion: Criterion, measured: Measured, own: Contestant, other: Contestant | None, against: Comparison | None
) -> Weighed:
    measure = measured.measure
    if criterion.metric == SPEED:
        return Weighed(criterion, measure, None, against)
    figures = figures_by_slice(measured.cases[own], better=measure.better, unit=measure.unit, bounds=measure.bounds)
    slices: Sequence[SliceComparison] = ()
    if against is not None and other is not None:
        pairs = pair(measured.cases[own], measured.cases[other])
        slices = by_slice(pairs, better=measure.better, unit=measure.unit, bounds=measure.bounds)
    return Weighed(criterion, measure, worst_figure_of(figures, measure.better), against, tuple(slices))


def _by_score(margin: float, current: str, low: float, high: float) -> list[str]:
    """What the score says against putting a system in the place of another."""
    if high < 0:
        return [f"by the score it is worse than {current}: by {-high:.3f} to {-low:.3f}"]
    if low < -margin:
        return [
            f"it can't be told that it is not worse than {current}: by the score between {low:+.3f} and {high:+.3f}, "
            f"and more than {margin:g} lower is too much"
        ]
    return []


def _by_slice(current: str, weighed: Sequence[Weighed], tolerance: Tolerance) -> Iterator[str]:
    """Slices in which it is surely worse."""
    for one in weighed:
        for part in one.slices:
            versus = part.comparison
            if versus.verdict != "worse" or versus.difference is None or versus.b is None:
                continue
            if abs(versus.difference) > tolerance(one.measure, versus.b):
                where, said = f"{part.tag}={part.value}", difference_text(versus, one.measure)
                yield f"{one.criterion.metric} is worse than that of {current} where {where}: {said}"
