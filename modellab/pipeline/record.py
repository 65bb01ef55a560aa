"""The record of one step of one run: what the warehouse keeps, the UI shows and `run --json` prints."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Which run a step belongs to."""

    run: str
    """Run key, 16 hex digits: the same input, system and code give the same key."""
    dagster_run_id: str
    """Which attempt; a retry has the same run key and another of these."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One materialisation of one step: done, found in the cache, failed, or not run because of what it reads."""

    id: str
    run: str
    dagster_run_id: str
    input: str
    system: str
    step: str
    model: str | None
    status: Literal["completed", "failed", "not_run"]
    cached: bool
    fingerprint: str | None
    """None when the step was not run, or failed before its identity was known (weights missing, say)."""
    artifact: str | None
    """The artifact's folder, relative to the lab's home."""
    started_at: str
    """ISO 8601, UTC, as `ended_at`."""
    ended_at: str
    load_s: float
    inference_s: float
    other_s: float
    audio_s: float
    """Length of the recording the step worked on."""
    device: str | None = None
    compute_type: str | None = None
    threads: int | None = None
    batch_size: int | None = None
    peak_memory_mib: float | None = None
    """Highest resident memory of the process while the step ran."""
    reproduced: bool | None = None
    """Of a forced step whose artifact was there already: whether it gave the same files again."""
    error_type: str | None = None
    error: str | None = None
    """Why it failed; of a step that was not run, which one failed."""

    @property
    def total_s(self) -> float:
        return self.load_s + self.inference_s + self.other_s
