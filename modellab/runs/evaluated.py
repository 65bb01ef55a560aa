"""The scores of one run, whatever came after it; where nothing is known of its recording, how to make it known."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modellab.errors import LabError
from modellab.inputs.store import InputStore
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.past import PastRun, find_run
from modellab.settings import Lab
from modellab.warehouse.query import query

_SCORES = """
WITH judged AS (
    SELECT DISTINCT step, model, fingerprint FROM steps
    WHERE run = $run AND dagster_run_id = $attempt AND status = 'completed' AND fingerprint IS NOT NULL
)
SELECT
    scores.dataset, dataset_version AS version, case_id, judged.step, judged.model, metric, scores.value, unit, better,
    numerator, denominator, components, protocol, scorer_version, error
FROM judged
JOIN artifacts USING (fingerprint)
JOIN scores ON scores.fingerprint = judged.fingerprint AND scores.content_sha256 = artifacts.content_sha256
LEFT JOIN (SELECT fingerprint, max(sequence) AS sequence FROM steps GROUP BY fingerprint) AS scorers
    ON scorers.fingerprint = scores.source
QUALIFY row_number() OVER (
    PARTITION BY scores.fingerprint, scores.dataset, dataset_version, case_id, metric, protocol
    ORDER BY error IS NOT NULL, scorers.sequence DESC NULLS LAST, scored_at DESC, scores.source DESC
) = 1
ORDER BY ALL
"""
_CASES = "SELECT dataset, version, case_id FROM current_cases WHERE input = ? ORDER BY ALL"


@dataclass(frozen=True, slots=True)
class CaseScore:
    """One figure of one result of the run."""

    dataset: str | None
    """None, with version and case: it needs no reference, and the recording is of no dataset."""
    version: str | None
    case_id: str | None
    step: str
    model: str | None
    metric: str
    value: float | None
    """None where there is nothing below the line, or an error."""
    unit: str
    better: str
    numerator: float | None
    denominator: float | None
    components: Mapping[str, float]
    protocol: str
    scorer_version: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What is known of how good a run's results are."""

    run: PastRun
    scores: Sequence[CaseScore]
    """The newest of each figure, in order of dataset, case, step and metric."""
    cases: Sequence[Mapping[str, str]]
    """Cases of datasets that the recording is: dataset, version, case_id."""
    ways: Sequence[str]
    """Commands that would give it scores; none where it has some, or its pipeline gives nothing that is judged."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        scores = [asdict(one) for one in self.scores]
        return {"run": self.run, "cases": list(self.cases), "scores": scores, "ways": list(self.ways)}


def evaluate(lab: Lab, name: str) -> Evaluated:
    """The scores of a run.

    Args:
        name: as for `modellab.runs.past.find_run`.

    Raises:
        UnknownName: no run is called so, or several are.
    """
    run = find_run(lab, name)
    scores = scores_of(lab, run)
    cases = query(lab, _CASES, [run.input]).as_records()
    ways = [] if any(one.dataset for one in scores) else _ways(lab, run, cases)
    return Evaluated(run, scores, cases, ways)


def scores_of(lab: Lab, run: PastRun) -> list[CaseScore]:
    """The newest of each figure of a run's results, in order of dataset, case, step and metric."""
    given = {"run": run.run, "attempt": run.dagster_run_id}
    return [CaseScore(**row) for row in query(lab, _SCORES, given).as_records()]


def _ways(lab: Lab, run: PastRun, cases: Sequence[Mapping[str, str]]) -> list[str]:
    if not _is_judged(lab, run.system):
        return []
    if cases:
        return [f"modellab bench --dataset {one['dataset']} --models {shlex.quote(run.system)}" for one in cases]
    path = next((one.path for one in InputStore(lab).all() if one.key == run.input), None)
    return [
        f"modellab datasets create my_dataset {shlex.quote(str(path)) if path else 'RECORDING'}",
        f"modellab bench --dataset my_dataset --models {shlex.quote(run.system)}",
    ]


def _is_judged(lab: Lab, system: str) -> bool:
    """Whether it gives anything that scorers hold against references."""
    try:
        return bool(resolve_system(system, ModelRegistry(), lab).scorers)
    except LabError:
        return False  # its pipeline or model is no more
