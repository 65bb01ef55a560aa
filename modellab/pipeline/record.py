"""The record of one step of one run: what the warehouse keeps, the UI shows and `run --json` prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from modellab.registry.loaded import Eviction
from modellab.services.calls import ServiceCall

if TYPE_CHECKING:
    from modellab.artifacts.store import Artifact

Severity = Literal["warning", "error"]
LaunchedBy = Literal["command line", "ui", "backfill", "schedule", "sensor", "automation"]


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Which run a step belongs to."""

    run: str
    """Run key, 16 hex digits: the same input, system and code give the same key."""
    dagster_run_id: str
    """Which attempt; a retry has the same run key and another of these."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Who or what asked for a run, and when."""

    launched_by: LaunchedBy
    """`ui` is also a program that asked the UI's server."""
    launcher: str | None
    """Name of the schedule or sensor, or id of the backfill."""
    created_at: str
    """When it was asked for: ISO 8601, UTC, as `begun_at`."""
    begun_at: str
    """When a process took it up; before that it waited in the queue and for its process."""
    retry_of: str | None = None
    """Dagster run id of the attempt that this one follows."""
    root: str | None = None
    """Dagster run id of the first attempt; None of one that follows none."""


@dataclass(frozen=True, slots=True)
class HelperRecord:
    """A helper model of a step, and how it ran."""

    role: str
    model: str
    """`id:variant`."""
    weights_sha256: str | None = None
    """As in its identity; None when that was not known, or it has no weights."""
    device: str | None = None
    compute_type: str | None = None
    threads: int | None = None
    """None when it was not loaded: the result was there, or needed no model."""
    machine: str | None = None
    """Where it ran, `Machine.id`: its server's, if it has one. None when it was not loaded."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One attempt at one step: done, found in the cache, failed, stopped, or not run because of what it reads."""

    id: str
    run: str
    dagster_run_id: str
    input: str
    system: str
    step: str
    model: str | None
    status: Literal["completed", "failed", "canceled", "not_run"]
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
    cpu_s: float | None = None
    """Processor seconds of all threads and child processes meanwhile; None when nothing was started."""
    fraction: float | None = None
    """Of a failed or canceled step: how much of its work it said it had done, 0 to 1."""
    device: str | None = None
    compute_type: str | None = None
    threads: int | None = None
    helpers: tuple[HelperRecord, ...] = ()
    """Models that it used, or would have, beside the one of its slot."""
    calls: tuple[ServiceCall, ...] = ()
    """What was asked of services, and what it cost; also by a step that failed."""
    evictions: tuple[Eviction, ...] = ()
    """Models that went from memory for those that it loaded; also by a step that failed."""
    machine: str | None = None
    """Where it ran, as far as numbers depend on it: `Machine.id`. None when it was not run."""
    batch_size: int | None = None
    peak_memory_mib: float | None = None
    """Highest resident memory of the process while the step ran."""
    reproduced: bool | None = None
    """Of a forced step whose artifact was there already: whether it gave the same files again."""
    first_inference: bool | None = None
    """Whether the inference was the first since its model was loaded, which is slower; None when there was none."""
    error_type: str | None = None
    error: str | None = None
    """Why it failed; of a canceled one, that it was stopped; of a step that was not run, which one failed."""
    error_page: str | None = None
    """Of a failed step, the same in several lines: what failed, what to do, and what was found, place by place."""
    place: int | None = None
    """Its place in its pipeline, from 0; None of what earlier versions recorded."""

    @property
    def total_s(self) -> float:
        return self.load_s + self.inference_s + self.other_s


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """What one check says about one step's result, be it new or found in the cache."""

    check: str
    """Name of the check, such as `does_not_repeat_itself`."""
    passed: bool
    severity: Severity
    """How much it matters when it fails: `warning` for a result that surprises, `error` for one that breaks the step's
    contract."""
    description: str
    """What was found, in a sentence."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The figures it was judged by, as JSON can hold them."""


class StepRecorder(Protocol):
    """Where an engine writes down what happens. The warehouse's `Recorder` is one."""

    def step(self, record: StepRecord, artifact: "Artifact | None") -> None:
        """One attempt at a step, and its result if it has one."""

    def checks(self, record: StepRecord, checks: Sequence[CheckRecord]) -> None:
        """What checks said about the result of one attempt at a step."""
