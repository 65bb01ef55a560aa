"""Two runs beside each other: what they did differently, their figures, the words that differ, time and memory."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modellab.artifacts.store import ArtifactStore
from modellab.datasets.reference import Reference
from modellab.datasets.references import References
from modellab.errors import InputRefused, UsageError
from modellab.evaluation.comparison import Step, StepDifference, differing
from modellab.inputs.store import InputStore
from modellab.metrics.side_by_side import Difference, differences
from modellab.metrics.spoken import reference_text
from modellab.pipeline.record import StepRecord
from modellab.runs.evaluated import CaseScore, scores_of
from modellab.runs.past import PastRun, find_run, records_of
from modellab.settings import Lab
from modellab.surfaces.results import Transcript
from modellab.warehouse.query import query

_MADE = """
SELECT
    steps.step, steps.model, artifacts.code_version, artifacts.parameters, artifacts.weights_sha256,
    artifacts.runtime_version, artifacts.device, artifacts.compute_type, artifacts.machine
FROM steps LEFT JOIN artifacts USING (fingerprint)
WHERE steps.run = $run AND steps.dagster_run_id = $attempt AND steps.status <> 'not_run'
ORDER BY steps.place NULLS LAST, steps.sequence
"""
_FACTS = ("weights_sha256", "runtime_version", "device", "compute_type", "machine")
"""What made a result, beside its step's parameters."""
_TRANSCRIPT = """
SELECT step, fingerprint FROM steps
WHERE run = $run AND dagster_run_id = $attempt AND status = 'completed' AND list_contains(gives, 'transcript')
ORDER BY place DESC NULLS LAST LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric of one case, of both runs: None where a run has no such figure."""

    dataset: str | None
    case_id: str | None
    step: str
    metric: str
    protocol: str
    unit: str
    better: str
    a: float | None
    b: float | None
    a_error: str | None
    b_error: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What one step took in both runs; None where a run has no such step, or found its result."""

    step: str
    a_inference_s: float | None
    b_inference_s: float | None
    a_total_s: float | None
    b_total_s: float | None
    a_peak_memory_mib: float | None
    b_peak_memory_mib: float | None


@dataclass(frozen=True, slots=True)
class Words:
    """The words in which the transcripts differ."""

    known: bool
    """Whether it is known what was said: else b is held against a, and neither is right."""
    stretches: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """All that is known of two runs beside each other."""

    a: PastRun
    b: PastRun
    differs: tuple[StepDifference, ...]
    """`system` and `input` (step empty), then step by step: model, code, parameters, weights, device, machine."""
    figures: tuple[Figures, ...]
    words: Words | None
    no_words: str | None
    """Why there are none: other recordings, no transcripts, or a result that is gone or pruned."""
    spent: tuple[Spent, ...]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def compare_runs(lab: Lab, a: str, b: str) -> ComparedRuns:
    """Hold two runs beside each other, over what is stored: nothing runs.

    Args:
        a: as for `modellab.runs.past.find_run`; likewise `b`.

    Raises:
        UnknownName: no run is called so, or several are.
        UsageError: both are one run.
    """
    first, second = find_run(lab, a), find_run(lab, b)
    if first == second:
        raise UsageError(
            f"{a} and {b} are one run",
            found=f"{first.run}, Dagster run {first.dagster_run_id}",
            hint="Another attempt at a run is named by its Dagster run id: modellab runs list --json.",
        )
    words, no_words = _words(lab, first, second)
    return ComparedRuns(
        first,
        second,
        tuple(_differing(lab, first, second)),
        tuple(_figures(scores_of(lab, first), scores_of(lab, second))),
        words,
        no_words,
        tuple(_spent(records_of(lab, first), records_of(lab, second))),
    )


def _differing(lab: Lab, a: PastRun, b: PastRun) -> list[StepDifference]:
    whole = [("system", a.system, b.system), ("input", a.input, b.input), ("host", a.host, b.host)]
    of_runs = [StepDifference("", what, one, other) for what, one, other in whole if one != other]
    return [*of_runs, *differing(_made(lab, a), _made(lab, b))]


def _made(lab: Lab, run: PastRun) -> list[Step]:
    rows = query(lab, _MADE, {"run": run.run, "attempt": run.dagster_run_id}).as_records()
    return [
        Step(
            row["step"],
            row["model"],
            row["code_version"],
            {**(row["parameters"] or {}), **{name: row[name] for name in _FACTS if row[name] is not None}},
        )
        for row in rows
    ]


def _figures(a: Sequence[CaseScore], b: Sequence[CaseScore]) -> list[Figures]:
    def named(scores: Sequence[CaseScore]) -> dict[tuple[Any, ...], CaseScore]:
        return {
            (one.dataset, one.version, one.case_id, one.step, one.metric, one.protocol, one.scorer_version): one
            for one in scores
        }

    of_a, of_b = named(a), named(b)
    found = []
    for key in dict.fromkeys([*of_a, *of_b]):
        one, other = of_a.get(key), of_b.get(key)
        shown = one or other
        assert shown is not None
        found.append(
            Figures(
                shown.dataset,
                shown.case_id,
                shown.step,
                shown.metric,
                shown.protocol,
                shown.unit,
                shown.better,
                one.value if one else None,
                other.value if other else None,
                one.error if one else None,
                other.error if other else None,
            )
        )
    return found


def _spent(a: Sequence[StepRecord], b: Sequence[StepRecord]) -> list[Spent]:
    of_a, of_b = ({one.step: one for one in records} for records in (a, b))
    found = []
    for step in dict.fromkeys([*of_a, *of_b]):
        # What came from the cache took no time that says anything.
        one, other = (
            record if (record := of.get(step)) and not record.cached and record.status != "not_run" else None
            for of in (of_a, of_b)
        )
        if one or other:
            found.append(
                Spent(
                    step,
                    one.inference_s if one else None,
                    other.inference_s if other else None,
                    one.total_s if one else None,
                    other.total_s if other else None,
                    one.peak_memory_mib if one else None,
                    other.peak_memory_mib if other else None,
                )
            )
    return found


def _words(lab: Lab, a: PastRun, b: PastRun) -> tuple[Words | None, str | None]:
    if a.input != b.input:
        return None, "they are of different recordings"
    transcripts = []
    for name, run in (("A", a), ("B", b)):
        rows = query(lab, _TRANSCRIPT, {"run": run.run, "attempt": run.dagster_run_id}).rows
        if not rows:
            return None, f"{name} has no transcript"
        store = ArtifactStore(lab.artifacts)
        step, fingerprint = rows[0]
        artifact = store.find(step, fingerprint)
        if artifact is None:
            kept = store.pruned.read(step, fingerprint)
            return None, f"the transcript of {name} {f'was {kept.said}' if kept else 'is no longer there'}"
        transcripts.append(artifact.read(Transcript))
    known = _reference(lab, a.input)
    said = known or Reference(transcripts[0].language or transcripts[1].language, transcripts[0].text)
    return Words(known is not None, tuple(differences(said, transcripts[0], transcripts[1]))), None


def _reference(lab: Lab, key: str) -> Reference | None:
    """What is known to be said in a recording, if anything is."""
    try:
        source = InputStore(lab).get(key)
    except (InputRefused, UsageError):
        return None  # it was removed from the lab
    references = References(lab.references)
    for known in references.of(source.sha256):
        reference = references.read(known.reference)
        if reference_text(reference) is not None:
            return reference
    return None
