"""Asset checks: questions asked of every result of a step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from modellab.pipeline.record import CheckRecord, Severity
from resources.engine import StepResult

_SEVERITIES: Mapping[dg.AssetCheckSeverity, Severity] = {
    dg.AssetCheckSeverity.WARN: "warning",
    dg.AssetCheckSeverity.ERROR: "error",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says about one result."""

    passed: bool
    description: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One question. A check that fails does not stop the run: the result is what the model gave."""

    name: str
    description: str
    judge: Callable[[StepResult], Verdict]
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    """WARN for a result that surprises, ERROR for one that breaks the step's contract."""


def as_record(check: Check, verdict: Verdict) -> CheckRecord:
    """What a check says, as the lab keeps it."""
    severity = _SEVERITIES[check.severity]
    return CheckRecord(check.name, verdict.passed, severity, verdict.description, verdict.metadata)
