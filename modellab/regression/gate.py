"""Whether a system got worse than its baseline: figure by figure, slice by slice, case by case.

A figure regressed when it is worse by more than its tolerance and chance would hardly make that difference (the paired
test of `modellab.statistics`), over all cases or in a slice; or when a case fails that had a figure. Where it is worse
by more than its tolerance and the cases are too few to tell, the gate says so, and does not fail.

Only what is the same then and now is compared: the same recording, reference, protocol and version of the scorer. What
is not is named.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.standing import main_of
from modellab.evaluation.wording import difference_text
from modellab.regression.baseline import Baseline
from modellab.regression.pace import SpeedFinding, speed_findings
from modellab.regression.state import CaseFigure, Made, State
from modellab.regression.tolerances import Regression
from modellab.statistics.cases import Amounts, PairedCase
from modellab.statistics.comparing import Comparison, compare
from modellab.statistics.slices import LEAST_CASES, SliceComparison, by_slice
from modellab.units import plural

FindingKind = Literal["unchanged", "kept", "better", "doubtful", "regressed", "not comparable"]
"""Of a figure: the same in every case; within its tolerance; surely better; worse, and too few cases to be sure; worse;
or nothing to hold it against."""
GateVerdict = Literal["kept", "doubtful", "regressed", "no baseline", "not measured"]
DOUBTFUL: tuple[FindingKind, ...] = ("doubtful", "not comparable")
"""Kinds of figures by which a system may have got worse: nobody can tell of one that nothing is held against."""
LEVEL = 0.01
"""How often chance alone may call an equal figure worse. Below the 2.5 % of a bench's verdict (5 % for both sides),
since a gate asks every night, of every system, figure and slice (docs/regression.md has what was simulated)."""
NAMED_CASES = 5
"""So many of the cases that got worse are named."""


@dataclass(frozen=True, slots=True)
class WorseCase:
    """A case that got worse."""

    case_id: str
    then: Amounts | None
    now: Amounts | None
    """None: it has no figure, and `error` says why."""
    error: str | None
    fingerprints: tuple[str | None, str | None]
    """Of the results then and now."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure, now against then."""

    measure: Measure
    kind: FindingKind
    said: str
    """In a sentence."""
    comparison: Comparison | None = None
    """Now (a) against then (b); None where nothing can be compared."""
    tolerance: float | None = None
    slices: tuple[SliceComparison, ...] = ()
    """Those in which it regressed."""
    cases: tuple[WorseCase, ...] = ()
    """Those that got worse, the worst first."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One system on one dataset."""

    dataset: str
    version: str | None
    """Of the dataset; None where it was not even looked at."""
    system: str
    verdict: GateVerdict
    findings: tuple[Finding, ...] = ()
    speeds: tuple[SpeedFinding, ...] = ()
    changed: tuple[str, ...] = ()
    """What is another thing than in the baseline: weights, versions, machines, the dataset."""
    why: str | None = None
    """Why it was not measured."""
    baseline: str | None = None
    """Id of the baseline it was held against."""

    @property
    def regressed(self) -> list[str]:
        """What got worse, in sentences."""
        return self._said("regressed")

    @property
    def doubtful(self) -> list[str]:
        """What may have got worse, in sentences; a figure that can't be held against the one then, too."""
        return self._said(*DOUBTFUL)

    def _said(self, *kinds: str) -> list[str]:
        figures = [one.said for one in self.findings if one.kind in kinds]
        return [*figures, *(one.said for one in self.speeds if one.kind in kinds and one.kind != "not comparable")]


def judge(now: State, baseline: Baseline, settings: Regression, seed: int = 0) -> Judgement:
    """A system against its baseline, by the main metrics and those that have a tolerance of their own."""
    then = baseline.state
    findings = tuple(_findings(now, then, settings, seed))
    speeds = tuple(speed_findings(now.speeds, then.speeds, settings.speed, seed))
    kinds = {one.kind for one in findings} | {one.kind for one in speeds if one.kind in ("regressed", "doubtful")}
    verdict: GateVerdict = "kept"
    if "regressed" in kinds:
        verdict = "regressed"
    elif not kinds - {"not comparable"}:
        verdict = "not measured"
    elif kinds & set(DOUBTFUL):
        verdict = "doubtful"
    why = None
    if verdict == "not measured":
        why = (
            "; ".join(one.said for one in findings) or "neither it nor its baseline has a figure that the gate watches"
        )
    changed = tuple(_changed(now, then))
    if baseline.quarantined:
        lost = plural(baseline.quarantined, "figure")
        changed = (*changed, f"{lost} of the baseline rest on quarantined runs and do not count")
    return Judgement(now.dataset, now.version, now.system, verdict, findings, speeds, changed, why, baseline.id)


def _findings(now: State, then: State, settings: Regression, seed: int) -> Iterable[Finding]:
    of_now, of_then = now.measures, then.measures
    watched = _watched([*of_now, *of_then], settings)
    for measure in watched:
        if measure in of_now and measure in of_then:
            yield _finding(measure, of_now[measure], of_then[measure], settings, seed)
    same = {(one.step, one.metric) for one in watched if one in of_now and one in of_then}
    for measure in watched:
        if measure in of_then and measure not in of_now and (measure.step, measure.metric) not in same:
            others = [one for one in of_now if (one.step, one.metric) == (measure.step, measure.metric)]
            yield Finding(measure, "not comparable", _why_not(measure, others))


def _watched(measures: Iterable[Measure], settings: Regression) -> list[Measure]:
    there = list(dict.fromkeys(measures))
    return [*main_of(there), *(one for one in there if one.metric in settings.tolerances and one not in main_of(there))]


def _why_not(measure: Measure, others: Sequence[Measure]) -> str:
    if not others:
        return f"{measure.metric} has no figure any more"
    for one in others:
        if one.protocol != measure.protocol:
            return f"{measure.metric} was measured by another protocol: {measure.protocol} then, {one.protocol} now"
    versions = ", ".join(sorted({one.scorer_version for one in others}))
    return f"{measure.metric} was scored by another version: {measure.scorer_version} then, {versions} now"


def _finding(
    measure: Measure,
    now: Mapping[str, CaseFigure],
    then: Mapping[str, CaseFigure],
    settings: Regression,
    seed: int,
) -> Finding:
    shared = [case for case in now if case in then and _same_question(now[case], then[case])]
    aside = _aside(now, then, shared)
    pairs = [
        PairedCase(case, now[case].amounts, then[case].amounts, now[case].cluster, now[case].tags) for case in shared
    ]
    if not pairs:
        return Finding(measure, "not comparable", f"{measure.metric}: no case is as it was then{aside}")
    compared = compare(pairs, better=measure.better, unit=measure.unit, seed=seed)
    worse = tuple(_worse(pairs, now, then, measure))
    found = Finding(measure, "kept", "", compared, cases=worse[:NAMED_CASES])
    if all(one.a == one.b for one in pairs):
        said = f"{measure.metric} is the same in {plural(len(pairs), 'case')}"
        return replace(found, kind="unchanged", said=said + aside)
    judged = _judged(found, compared, pairs, settings, seed)
    lost = [one for one in worse if one.now is None]
    if lost:
        judged = replace(judged, kind="regressed", said=f"{judged.said}; {_lost(lost)}")
    return replace(judged, said=judged.said + aside)


def _judged(
    found: Finding, compared: Comparison, pairs: Sequence[PairedCase], settings: Regression, seed: int
) -> Finding:
    """The finding by its figures alone."""
    measure = found.measure
    if compared.difference is None or compared.a is None or compared.b is None:
        notes = "; ".join(compared.notes) or "nothing to compare"
        return replace(found, kind="not comparable", said=f"{measure.metric}: {notes}")
    tolerance = settings.tolerance(measure, compared.b)
    slices = tuple(
        one
        for one in by_slice(pairs, better=measure.better, unit=measure.unit, seed=seed)
        if one.comparison.n >= LEAST_CASES and _surely_worse(one.comparison) and _worse_by(one.comparison) > tolerance
    )
    beyond = _worse_by(compared) > tolerance
    said = f"{measure.metric} {compared.b:.3f} then, {compared.a:.3f} now: {difference_text(compared, measure)}"
    said += "" if compared.adjusted_p is None else f", p = {compared.adjusted_p:.2g}"
    said += f", n = {plural(compared.n, 'case')}"
    said += "".join(f"; in {one.tag}={one.value} {difference_text(one.comparison, measure)}" for one in slices)
    kind: FindingKind = "better" if compared.verdict == "better" else "kept"
    if slices or (beyond and _surely_worse(compared)):
        kind = "regressed"
    elif beyond:
        kind = "doubtful"
        said += "; too few cases, or too uneven, to be sure"
    return replace(found, kind=kind, said=said, tolerance=tolerance, slices=slices)


def _same_question(now: CaseFigure, then: CaseFigure) -> bool:
    return (now.input, now.reference_sha256) == (then.input, then.reference_sha256)


def _aside(now: Mapping[str, CaseFigure], then: Mapping[str, CaseFigure], shared: Sequence[str]) -> str:
    """The cases that are left out, in words."""
    changed = sorted(now.keys() & then.keys() - set(shared))
    listed = [
        ("another recording or reference than then", changed),
        ("not measured now", sorted(then.keys() - now.keys())),
        ("not in the baseline", sorted(now.keys() - then.keys())),
    ]
    told = [f"{plural(len(cases), 'case')} {why}: {_names(cases)}" for why, cases in listed if cases]
    return f" (left out: {'; '.join(told)})" if told else ""


def _surely_worse(found: Comparison) -> bool:
    return found.verdict == "worse" and found.adjusted_p is not None and found.adjusted_p / 2 <= LEVEL


def _worse_by(found: Comparison) -> float:
    """By how much now is worse than then; below 0 where it is better."""
    return (found.difference or 0.0) * (1 if found.better == "lower" else -1)


def _worse(
    pairs: Sequence[PairedCase], now: Mapping[str, CaseFigure], then: Mapping[str, CaseFigure], measure: Measure
) -> list[WorseCase]:
    def by(one: PairedCase) -> float:
        if one.b is None:
            return 0.0
        if one.a is None:
            return float("inf")
        return (one.a.numerator - one.b.numerator) * (1 if measure.better == "lower" else -1)

    listed = sorted((one for one in pairs if by(one) > 0), key=lambda one: (-by(one), one.case_id))
    return [
        WorseCase(
            one.case_id,
            one.b,
            one.a,
            now[one.case_id].error,
            (then[one.case_id].fingerprint, now[one.case_id].fingerprint),
        )
        for one in listed
    ]


def _lost(cases: Sequence[WorseCase]) -> str:
    return f"{plural(len(cases), 'case')} that had a figure {'has' if len(cases) == 1 else 'have'} none: " + "; ".join(
        f"{one.case_id} ({one.error})" for one in cases[:NAMED_CASES]
    )


def _names(cases: Sequence[str]) -> str:
    more = f" and {len(cases) - NAMED_CASES} more" if len(cases) > NAMED_CASES else ""
    return ", ".join(cases[:NAMED_CASES]) + more


def _changed(now: State, then: State) -> Iterable[str]:
    """What is not as it was, in sentences; results made in several ways are told as such."""
    if now.version != then.version:
        yield f"{now.dataset} is version {now.version}, and was {then.version}"
    elif now.manifest_sha256 != then.manifest_sha256:
        yield f"{now.dataset} {now.version} says something else than then"
    before, after = _by_step(then.made), _by_step(now.made)
    for step in dict.fromkeys([*before, *after]):
        if step not in after:
            yield f"{step} is no longer among its steps"
        elif step not in before:
            yield f"{step} was not among its steps"
        else:
            was, is_ = _facts(before[step]), _facts(after[step])
            for name in dict.fromkeys([*was, *is_]):
                if was.get(name) != is_.get(name):
                    yield f"{step}: {name} {_short(was.get(name))} then, {_short(is_.get(name))} now"


def _facts(made: Sequence[Made]) -> Mapping[str, list[str]]:
    """Name -> values, of all that made a step's results; parameters by their own names."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in made:
        named = {name: getattr(one, name) for name in Made.__slots__ if name not in ("step", "parameters")}
        for name, value in {**named, **one.parameters}.items():
            found[name].add(str(value))
    return {name: sorted(values) for name, values in found.items()}


def _by_step(made: Sequence[Made]) -> Mapping[str, list[Made]]:
    found: defaultdict[str, list[Made]] = defaultdict(list)
    for one in made:
        found[one.step].append(one)
    return found


def _short(values: Sequence[str] | None) -> str:
    """Digests are told apart by their beginnings."""
    return ", ".join(value[:12] if len(value) == 64 else value for value in values) if values else "nothing"
