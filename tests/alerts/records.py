"""What a lab writes down of drops and gates, and an orchestrator's failed runs."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from modellab.alerts.found import FailedRun
from modellab.pipeline.record import RunIdentity
from modellab.settings import Lab
from modellab.warehouse.recorder import Recorder

AT = "2026-11-30T12:00:00.000+00:00"
_numbers = itertools.count(1)


def drop(lab: Lab, name: str, status: str = "refused", **changes: Any) -> None:
    number = next(_numbers)
    row = {
        "drop": f"d{number}", "attempt": 1, "folder": "/calls", "name": name, "bytes": 4, "status": status,
        "reason": "it is no sound", "sha256": None, "input": None, "system": None, "run": None, "dagster_run_id": None,
        "same_as": None, "placed": None, "seen_at": AT, "taken_at": None, "ended_at": AT, **changes,
    }  # fmt: skip
    Recorder(lab).drop(f"d{number}-1", row)


def finding(metric: str, kind: str, slices: tuple[str, ...] = (), cases: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "step": "asr", "metric": metric, "kind": kind, "said": f"{metric} is {kind}", "baseline_value": 0.1,
        "value": 0.2, "difference": 0.1, "low": None, "high": None, "p": None, "n": 4, "tolerance": 0.01,
        "slices": list(slices), "cases": list(cases),
    }  # fmt: skip


def gate(lab: Lab, *findings: dict[str, Any], verdict: str = "kept", **changes: Any) -> str:
    identifier = f"g{next(_numbers)}"
    content = {
        "sweep": "s1", "dataset": "asr_golden_v1", "version": "1", "system": "faster_whisper:base",
        "status": "production", "verdict": verdict, "why": None, "changed": [], "baseline": "b1",
        "findings": list(findings), **changes,
    }  # fmt: skip
    Recorder(lab).gate(identifier, AT, content)
    return identifier


def run_of(lab: Lab, dagster_run_id: str, names: dict[str, str | None]) -> None:
    """A run over some inputs: name -> why it failed, None where it did not."""
    recorder = Recorder(lab)
    with recorder.holding_rows():
        for name, error in names.items():
            run = RunIdentity(f"r-{name}", dagster_run_id)
            recorder._run_begins(run, name, "meeting", "meeting", None)
            recorder.run_ended(run, "failed" if error else "completed", error)


@dataclass
class Runs:
    """An orchestrator's failed runs, in its order."""

    failed: list[FailedRun] = field(default_factory=list)
    right: dict[str, float] = field(default_factory=dict)
    """Job -> when a run of it last succeeded."""

    def fail(
        self, identifier: str, job: str = "any_steps", said: str = "vad: it died", at: float = 1.0, **of: bool
    ) -> None:
        self.failed.append(FailedRun(identifier, job, said, of.get("is_dropped", False), at))

    def last(self) -> str:
        return str(len(self.failed))

    def after(self, mark: str) -> tuple[list[FailedRun], str]:
        return self.failed[int(mark) :], self.last()

    def came_right(self, job: str, since: float) -> bool:
        return self.right.get(job, 0.0) > since
