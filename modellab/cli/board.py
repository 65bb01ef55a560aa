"""The steps of the file at hand, as the events of the running pipeline tell of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from modellab.pipeline.events import Event, RunEnded, StepEnded, StepJudged, StepProgressed, StepStarted
from modellab.pipeline.record import StepRecord
from modellab.pipeline.system import System

State = Literal["waiting", "running", "done", "cached", "failed", "canceled", "not run"]


@dataclass(slots=True)
class BoardStep:
    """One line of the board."""

    name: str
    model: str | None
    state: State = "waiting"
    fraction: float = 0.0
    """Of a running step: how much is done, 0 to 1; 0 until it says so."""
    started: float = 0.0
    seconds: float | None = None
    """How long it took; None until it is over."""
    error: str | None = None
    """In one line, what failed, or what kept it from running."""
    failed_checks: int = 0
    """How many checks its result failed."""


@dataclass(slots=True)
class Board:
    """The steps of one file.

    Args:
        clock: seconds that only grow.
    """

    steps: list[BoardStep]
    clock: Callable[[], float] = field(default=time.monotonic)

    @classmethod
    def of(cls, system: System) -> "Board":
        return cls([BoardStep(step.name, str(step.model) if step.model else None) for step in system.steps])

    def observe(self, event: Event) -> BoardStep | None:
        """Take an event in; returns the step it is about, or None when that is none of this board's."""
        if isinstance(event, RunEnded):
            return None
        name = event.record.step if isinstance(event, StepEnded | StepJudged) else event.step
        step = next((step for step in self.steps if step.name == name), None)
        if step is None:
            return None
        match event:
            case StepStarted():
                step.state, step.started = "running", self.clock()
            case StepProgressed():
                step.fraction = event.fraction
            case StepEnded():
                record = event.record
                step.state, step.seconds = state_of(record), record.total_s
                step.error = record.error_page.partition("\n")[0] if record.error_page else record.error
            case StepJudged():
                step.failed_checks = sum(not check.passed for check in event.checks)
        return step

    @property
    def runs(self) -> bool:
        """Whether a step is running."""
        return any(step.state == "running" for step in self.steps)

    @property
    def fraction(self) -> float:
        """How much of all steps is done, 0 to 1."""
        done = sum(step.fraction if step.state in ("waiting", "running") else 1.0 for step in self.steps)
        return done / len(self.steps) if self.steps else 1.0

    def elapsed_s(self, step: BoardStep) -> float | None:
        """Seconds a step took or has been running for; None while it waits."""
        if step.state == "running":
            return self.clock() - step.started
        return step.seconds


def state_of(record: StepRecord) -> State:
    """How a step that is over is shown."""
    match record.status:
        case "completed":
            return "cached" if record.cached else "done"
        case "not_run":
            return "not run"
        case "failed" | "canceled":
            return record.status
