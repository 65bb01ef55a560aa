"""Baselines: what somebody accepted as the figures that a system has on a dataset. Each is kept; the newest counts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from modellab.errors import ArtifactCorrupt
from modellab.files import canonical_json
from modellab.regression.state import State
from modellab.settings import Lab
from modellab.wall_clock import stamp
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.records import RecordStore

FIRST = "The first time that it was measured."
"""The reason of a baseline that nobody asked for: there was none."""
_CURRENT = """
SELECT baseline FROM current_baselines WHERE dataset = $dataset AND system = $system
"""
_LISTED = """
SELECT baseline, dataset, version, system, cases, set_by, reason, recorded_at FROM current_baselines
WHERE ($dataset IS NULL OR dataset = $dataset) AND ($system IS NULL OR system = $system) ORDER BY dataset, system
"""
_DOUBTED = "FROM derived.doubted"
_LEFT_OUT = "SELECT sequence FROM steps WHERE id IN (FROM derived.left_out) AND list_contains(?, sequence)"
_STATE = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a system's figures are held against."""

    id: str
    state: State
    """Without what rests on runs that are in quarantine now."""
    set_by: str | None
    reason: str
    quarantined: int = 0
    """How many of its figures do."""


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """A baseline in a list."""

    baseline: str
    dataset: str
    version: str
    system: str
    cases: int
    set_by: str | None
    reason: str
    recorded_at: datetime


def baseline_of(lab: Lab, dataset: str, system: str) -> Baseline | None:
    """The baseline that counts for a system on a dataset; None where there is none.

    Raises:
        ArtifactCorrupt: its record is damaged or gone.
    """
    rows = query(lab, _CURRENT, {"dataset": dataset, "system": system}).rows
    if not rows:
        return None
    [[name]] = rows
    found = next(lab.records.glob(f"baselines/*/{name}.json"), None)
    if found is None:
        raise ArtifactCorrupt(
            f"the record of baseline {name} is gone", hint=f"Set another: modellab regress --dataset {dataset} --accept"
        )
    content = RecordStore.read(found).content
    try:
        whole = _STATE.validate_python(content["state"])
        state = _trusted(lab, whole)
        lost = len(whole.figures) - len(state.figures)
        return Baseline(name, state, content["set_by"], content["reason"], lost)
    except (KeyError, ValidationError) as error:
        raise ArtifactCorrupt(f"record {found} is no baseline", found=str(error).splitlines()[0]) from error


def _trusted(lab: Lab, state: State) -> State:
    """A state without what rests on runs in quarantine."""
    doubted = {name for (name,) in query(lab, _DOUBTED).rows}
    numbers = [one.sequence for one in state.speeds]
    left_out = {number for (number,) in query(lab, _LEFT_OUT, [numbers]).rows}
    return replace(
        state,
        figures=tuple(one for one in state.figures if one.fingerprint not in doubted),
        speeds=tuple(one for one in state.speeds if one.sequence not in left_out),
    )


def baselines(lab: Lab, dataset: str | None = None, system: str | None = None) -> Sequence[BaselineRow]:
    """Those that count, by dataset and system."""
    found = query(lab, _LISTED, {"dataset": dataset, "system": system})
    return [BaselineRow(**dict(zip(found.columns, row, strict=True))) for row in found.rows]


def set_baseline(lab: Lab, state: State, reason: str) -> str:
    """Let a state be what a system is held against from now on; returns the baseline's id.

    Args:
        reason: why it is accepted.
    """
    at = stamp()
    content: dict[str, Any] = {"state": _STATE.dump_python(state, mode="json"), "reason": reason}
    name = hashlib.sha256(canonical_json({"at": at, **content}).encode()).hexdigest()[:16]
    Recorder(lab).baseline(name, at, content)
    return name
