"""What a running pipeline tells whoever watches it in the same process; `event_file` tells other processes."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock, RLock
from typing import Literal

from modellab.pipeline.record import CheckRecord, RunIdentity, StepRecord
from modellab.wall_clock import stamp

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What `emit` adds to an event; two events that say the same are equal, whenever they are told."""

    run: str = field(default="", compare=False)
    """Run key."""
    dagster_run_id: str = field(default="", compare=False)
    number: int = field(default=0, compare=False)
    """Its place among the events of its Dagster run, from 1."""
    at: str = field(default="", compare=False)
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class StepStarted(_Told):
    """A step begins; it may turn out to be cached."""

    input: str
    system: str
    step: str
    model: str | None


@dataclass(frozen=True, slots=True)
class StepProgressed(_Told):
    """A step has done a fraction, 0 to 1, of its work."""

    input: str
    system: str
    step: str
    fraction: float


@dataclass(frozen=True, slots=True)
class StepEnded(_Told):
    """A step is over: done, cached or failed; or it is not run."""

    record: StepRecord


@dataclass(frozen=True, slots=True)
class StepJudged(_Told):
    """The checks of a step's result have been made; comes after its `StepEnded`."""

    record: StepRecord
    checks: tuple[CheckRecord, ...]


@dataclass(frozen=True, slots=True)
class RunEnded(_Told):
    """All steps of a run are over for one input under one system; others of the same Dagster run may go on."""

    input: str
    system: str
    status: Literal["completed", "failed", "canceled"]
    error: str | None
    """Every failure, each a sentence that names the step; of what could not be begun, why."""


Event = StepStarted | StepProgressed | StepEnded | StepJudged | RunEnded
Observer = Callable[[Event], None]

_telling = RLock()
"""Held while an event is told: observers get one after the other, in the order of their numbers, from whatever threads
they come, and need no locks of their own. What an observer emits itself is told at once."""
_lock = Lock()
_observers: list[Observer] = []
_numbers: Counter[str] = Counter()
"""Dagster run -> events so far."""


def input_of(event: Event) -> str:
    """Key of the input that an event is about."""
    return event.record.input if isinstance(event, StepEnded | StepJudged) else event.input


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Send every event of this process to `observer` while the block runs, in the thread that it happens in, one after
    the other."""
    with _lock:
        _observers.append(observer)
    try:
        yield
    finally:
        with _lock:
            _observers.remove(observer)


def emit(event: Event, run: RunIdentity) -> None:
    """Tell every observer; one that raises is no reason to stop, nor to leave the others out."""
    with _telling:
        with _lock:
            _numbers[run.dagster_run_id] += 1
            number, observers = _numbers[run.dagster_run_id], tuple(_observers)
        told = replace(event, run=run.run, dagster_run_id=run.dagster_run_id, number=number, at=stamp())
        for observer in observers:
            try:
                observer(told)
            except Exception:
                _log.exception("%r could not be told that %s", observer, type(event).__name__)
