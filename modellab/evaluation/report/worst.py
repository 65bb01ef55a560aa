"""The recordings that cost most, to be heard and seen: what was said, and what each system made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modellab.artifacts.store import ArtifactStore
from modellab.datasets.reference import Reference
from modellab.datasets.references import References
from modellab.errors import LabError
from modellab.evaluation.outcomes import Measure, Outcomes
from modellab.evaluation.report.clips import Clip, clip, middle_of_most
from modellab.evaluation.report.lanes import Lanes, drawn, found_by, spoken, wrong
from modellab.inputs.store import InputStore
from modellab.metrics.side_by_side import ErrorStretch, error_stretches
from modellab.settings import Lab
from modellab.statistics.cases import Case
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript
from modellab.warehouse.query import query

MOST_CASES = 8
_MOST_STRETCHES = 25
"""Of one recording; the others are counted."""
_RESULTS = """
SELECT cases.case_id, latest.system, latest.step, latest.fingerprint
FROM latest_artifacts AS latest JOIN current_cases AS cases USING (input)
WHERE cases.dataset = $dataset AND cases.version = $version AND latest.step = $step
    AND list_contains($cases, cases.case_id)
ORDER BY ALL
"""
_CASES = """
SELECT case_id, input, reference_sha256, tags FROM current_cases
WHERE dataset = $dataset AND version = $version AND list_contains($cases, case_id)
"""

Result = Transcript | Diarization | SpeechSegments
_SHOWN: dict[str, type[Result]] = {"detection_error": SpeechSegments, "der": Diarization}
"""Metric -> of which kind of result there are stretches of time to show; words of all others."""


@dataclass(frozen=True, slots=True)
class CaseFigure:
    """One system on one recording."""

    system: str
    value: float | None
    """None where it has none: nothing is below the line, or it failed."""
    numerator: float | None
    denominator: float | None
    error: str | None
    """Why there is no figure."""


@dataclass(frozen=True, slots=True)
class WorstCase:
    """One recording."""

    case_id: str
    tags: Mapping[str, str]
    figures: tuple[CaseFigure, ...]
    """Of each system that was put to it, in the report's order."""
    heard: tuple[str, ...]
    """Systems whose words are held side by side; empty where there are no words to show."""
    stretches: tuple[ErrorStretch, ...]
    more_stretches: int
    """That are not shown."""
    lanes: Lanes | None
    """Who speaks when in the clip, where systems are judged by that."""
    clip: Clip | None
    no_clip: str | None
    """Why there is nothing to hear."""


def worst_cases(lab: Lab, found: Outcomes, measure: Measure, systems: Sequence[str]) -> list[WorstCase]:
    """The recordings on which systems together lose most, the worst first; those on which one failed before all."""
    by_case: dict[str, dict[str, Case]] = {}
    for system in systems:
        for case in found.by_measure[measure].get(system, ()):
            by_case.setdefault(case.case_id, {})[system] = case
    costs = {case_id: _cost(list(cases.values()), measure) for case_id, cases in by_case.items()}
    costly = [(-failed, -lost, case_id) for case_id, (failed, lost) in costs.items() if failed or lost > 0]
    chosen = [case_id for _, _, case_id in sorted(costly)[:MOST_CASES]]
    given = {"dataset": found.dataset, "version": found.version, "cases": chosen}
    known = {row["case_id"]: row for row in query(lab, _CASES, given).as_records()}
    results: dict[str, dict[str, str]] = {}
    for row in query(lab, _RESULTS, {**given, "step": measure.step}).as_records():
        results.setdefault(row["case_id"], {})[row["system"]] = row["fingerprint"]
    return [
        _case(lab, known[case_id], cases, _results(lab, measure, cases, results.get(case_id, {})), found)
        for case_id, cases in ((one, by_case[one]) for one in chosen if one in known)
    ]


def _cost(cases: Sequence[Case], measure: Measure) -> tuple[int, float]:
    """How many systems failed on it, and what it adds to the wrong side of the metric."""
    amounts = [case.amounts for case in cases if case.amounts is not None]
    most = 1.0 if measure.bounds.most is None else measure.bounds.most
    lost = sum(
        one.numerator if measure.better == "lower" else most * one.denominator - one.numerator for one in amounts
    )
    return len(cases) - len(amounts), lost


def _case(
    lab: Lab,
    row: Mapping[str, object],
    cases: Mapping[str, Case],
    results: Mapping[str, Result],
    found: Outcomes,
) -> WorstCase:
    case_id = str(row["case_id"])
    reference = (
        References(lab.references).read(str(row["reference_sha256"])) if row["reference_sha256"] else Reference()
    )
    transcripts = {system: one for system, one in results.items() if isinstance(one, Transcript)}
    stretches = error_stretches(reference, list(transcripts.values())) if transcripts else []
    timed = [(one.where.start_s, one.where.end_s, float(sum(one.errors))) for one in stretches if one.where]
    spans = {system: one for system, one in results.items() if not isinstance(one, Transcript)}
    said = next((spoken(reference, one) for one in spans.values()), None)
    by_system = {system: found_by(one, said) for system, one in spans.items()} if said is not None else {}
    if said is not None:
        timed = [stretch for one in by_system.values() for stretch in wrong(said, one)]
    sound, why = _sound(lab, str(row["input"]), middle_of_most(timed))
    return WorstCase(
        case_id,
        next(iter(cases.values())).tags,
        tuple(_figure(system, case, found.errors.get((system, case_id))) for system, case in cases.items()),
        tuple(transcripts) if stretches else (),
        tuple(stretches[:_MOST_STRETCHES]),
        max(0, len(stretches) - _MOST_STRETCHES),
        drawn(said, by_system, sound.start_s, sound.end_s) if said is not None and sound else None,
        sound,
        why,
    )


def _figure(system: str, case: Case, error: str | None) -> CaseFigure:
    amounts = case.amounts
    if amounts is None:
        return CaseFigure(system, None, None, None, error or "it has no figure")
    return CaseFigure(system, amounts.value, amounts.numerator, amounts.denominator, None)


def _results(lab: Lab, measure: Measure, cases: Mapping[str, Case], results: Mapping[str, str]) -> dict[str, Result]:
    """System -> its result, of those that can be shown; a system that is shown by device is the newest result's."""
    store = ArtifactStore(lab.artifacts)
    there: dict[str, Result] = {}
    for system, case in cases.items():
        fingerprint = results.get(system) or results.get(system.partition(" on ")[0])
        artifact = store.find(measure.step, fingerprint) if fingerprint and case.amounts is not None else None
        kind = _SHOWN.get(measure.metric, Transcript)
        if artifact is not None and artifact.holds(kind):
            there[system] = artifact.read(kind)
    return there


def _sound(lab: Lab, key: str, around_s: float | None) -> tuple[Clip | None, str | None]:
    try:
        source = InputStore(lab).get(key)
        if source.kind != "media":
            return None, "the case is a text"
        return clip(source, around_s), None
    except (LabError, OSError) as error:
        return None, error.in_short if isinstance(error, LabError) else "the recording can't be read"
