"""What the gate says, as rows and as JSON."""

from dataclasses import asdict
from typing import Any

from modellab.regression.gate import Finding, Judgement
from modellab.regression.judged import Judged, Sweep
from modellab.regression.pace import SpeedFinding
from modellab.statistics.comparing import Comparison

SPEED = "speed"
"""In place of a metric's name: seconds of inference for each second of sound."""


def finding_rows(judgement: Judgement) -> list[dict[str, Any]]:
    """Columns of the table `gate_findings`, a row for each figure and each step's speed."""
    return [*map(_figure_row, judgement.findings), *map(_speed_row, judgement.speeds)]


def sweep_document(sweep: Sweep) -> dict[str, Any]:
    """As JSON has it."""
    return {"sweep": sweep.id, "passed": sweep.passed, "judged": [_judged(one) for one in sweep.judged]}


def _judged(one: Judged) -> dict[str, Any]:
    found = one.judgement
    return {
        "dataset": found.dataset,
        "version": found.version,
        "system": found.system,
        "status": one.status,
        "verdict": found.verdict,
        "why": found.why,
        "baseline": found.baseline,
        "baseline_set": one.baseline_set,
        "changed": list(found.changed),
        "findings": [
            {**row, "cases": [asdict(case) for case in finding.cases]}
            for row, finding in zip(map(_figure_row, found.findings), found.findings, strict=True)
        ]
        + [_speed_row(finding) for finding in found.speeds],
    }


def _figure_row(finding: Finding) -> dict[str, Any]:
    return {
        "step": finding.measure.step,
        "metric": finding.measure.metric,
        "kind": finding.kind,
        "said": finding.said,
        **_comparison(finding.comparison),
        "tolerance": finding.tolerance,
        "slices": [f"{one.tag}={one.value}" for one in finding.slices],
        "cases": [one.case_id for one in finding.cases],
    }


def _speed_row(finding: SpeedFinding) -> dict[str, Any]:
    return {
        "step": finding.step,
        "metric": SPEED,
        "kind": finding.kind,
        "said": finding.said,
        **_comparison(finding.comparison),
        "tolerance": None,
        "slices": [],
        "cases": [],
    }


def _comparison(found: Comparison | None) -> dict[str, Any]:
    names = {"baseline_value": "b", "value": "a", "difference": "difference", "low": "low", "high": "high"}
    row = {column: getattr(found, name, None) for column, name in names.items()}
    return {**row, "p": found.adjusted_p if found else None, "n": found.n if found else None}
