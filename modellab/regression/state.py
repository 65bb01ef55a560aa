"""What a system measured on a dataset, case by case: what a baseline keeps, and what it is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modellab.evaluation.outcomes import Measure, outcomes
from modellab.settings import Lab
from modellab.statistics.cases import Amounts, amounts_of
from modellab.warehouse.query import query

_CASES = "SELECT case_id, reference_sha256 FROM current_cases WHERE dataset = $dataset AND version = $version"
_MANIFEST = "SELECT manifest_sha256 FROM current_datasets WHERE dataset = $dataset AND version = $version"
_OF_DATASET = """
    steps.system = $system AND steps.status = 'completed' AND steps.input IN (
        SELECT input FROM current_cases WHERE dataset = $dataset AND version = $version
    )
"""
_MADE = f"""
WITH latest AS (
    SELECT fingerprint, step FROM counted_steps AS steps WHERE {_OF_DATASET}
    QUALIFY row_number() OVER (PARTITION BY input, step ORDER BY sequence DESC NULLS LAST) = 1
)
SELECT DISTINCT
    artifacts.step, artifacts.model, artifacts.code_version, artifacts.weights_sha256, artifacts.runtime_version,
    artifacts.device, artifacts.compute_type, artifacts.machine, artifacts.parameters
FROM latest JOIN artifacts USING (fingerprint) ORDER BY ALL
"""
_SPEEDS = f"""
SELECT
    step, model, device, compute_type, threads, batch_size, machine, input, audio_s, inference_s, sequence
FROM counted_steps AS steps
WHERE {_OF_DATASET} AND NOT cached AND NOT first_inference AND inference_s > 0 AND sequence IS NOT NULL
ORDER BY sequence
"""


@dataclass(frozen=True, slots=True)
class CaseFigure:
    """One measure of one case."""

    measure: Measure
    """As far as figures must share it to be compared."""
    case_id: str
    input: str
    reference_sha256: str | None
    """Of all that was known of the case."""
    cluster: str | None
    tags: Mapping[str, str]
    numerator: float | None
    denominator: float | None
    error: str | None
    """Why there is no figure; numerator and denominator are None then."""
    fingerprint: str | None
    """Of the result that was judged."""
    components: Mapping[str, float] = field(default_factory=dict)
    """Of a metric with a formula, by name; else none."""

    @property
    def amounts(self) -> Amounts | None:
        """None of a case without a figure."""
        if self.numerator is None or self.denominator is None:
            return None
        return amounts_of(self.measure.metric, self.numerator, self.denominator, self.components)


@dataclass(frozen=True, slots=True)
class Made:
    """What made a system's results, as far as they depend on it."""

    step: str
    model: str | None
    code_version: str
    weights_sha256: str | None
    runtime_version: str | None
    device: str | None
    compute_type: str | None
    machine: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpeedSample:
    """One inference that was really done: not from the cache, nor the first since the model was loaded."""

    step: str
    model: str | None
    device: str | None
    compute_type: str | None
    threads: int | None
    batch_size: int | None
    machine: str | None
    input: str
    audio_s: float
    inference_s: float
    sequence: int
    """In which order the lab took them down."""


@dataclass(frozen=True, slots=True)
class State:
    """A system on a dataset, as things stand."""

    dataset: str
    version: str
    manifest_sha256: str | None
    system: str
    """With its device, where it was measured on several: `faster_whisper:base on cuda`."""
    figures: tuple[CaseFigure, ...] = ()
    made: tuple[Made, ...] = ()
    speeds: tuple[SpeedSample, ...] = field(default=())

    @property
    def measures(self) -> Mapping[Measure, Mapping[str, CaseFigure]]:
        """Measure -> case -> figure."""
        found: dict[Measure, dict[str, CaseFigure]] = {}
        for figure in self.figures:
            found.setdefault(figure.measure, {})[figure.case_id] = figure
        return found


def states(lab: Lab, dataset: str, version: str, system: str) -> list[State]:
    """A system on a dataset, one for each kind of device that it was measured on; none where it has no figure.

    Args:
        system: its key.
    """
    given = {"dataset": dataset, "version": version}
    references = {one["case_id"]: one["reference_sha256"] for one in query(lab, _CASES, given).as_records()}
    manifests = [one["manifest_sha256"] for one in query(lab, _MANIFEST, given).as_records()]
    of_system = {**given, "system": system}
    made = tuple(Made(**row) for row in query(lab, _MADE, of_system).as_records())
    speeds = tuple(SpeedSample(**row) for row in query(lab, _SPEEDS, of_system).as_records())
    found = outcomes(lab, dataset, version, [system])
    listed = []
    for name in sorted(found.machines):
        figures = tuple(
            CaseFigure(
                measure=measure,
                case_id=case.case_id,
                input=found.results[name, measure.step, case.case_id].input,
                reference_sha256=references.get(case.case_id),
                cluster=case.cluster,
                tags=dict(case.tags),
                numerator=case.amounts.numerator if case.amounts else None,
                denominator=case.amounts.denominator if case.amounts else None,
                error=None if case.amounts else found.errors.get((name, case.case_id), "it has no figure"),
                fingerprint=found.results[name, measure.step, case.case_id].fingerprint,
                components=case.amounts.components if case.amounts else {},
            )
            for measure, by_system in found.by_measure.items()
            for case in by_system.get(name, ())
        )
        listed.append(State(dataset, version, manifests[0] if manifests else None, name, figures, made, speeds))
    return listed
