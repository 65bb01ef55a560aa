"""What a running pipeline tells whoever watches it in the same process (the command line's live table)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modellab.pipeline.record import CheckRecord, StepRecord


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins; it may turn out to be cached."""

    input: str
    system: str
    step: str
    model: str | None


@dataclass(frozen=True, slots=True)
class StepProgressed:
    """A step has done a fraction, 0 to 1, of its work."""

    input: str
    system: str
    step: str
    fraction: float


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is over: done, cached or failed; or it is not run."""

    record: "StepRecord"


@dataclass(frozen=True, slots=True)
class StepJudged:
    """The checks of a step's result have been made; comes after its `StepEnded`."""

    record: "StepRecord"
    checks: tuple["CheckRecord", ...]


Event = StepStarted | StepProgressed | StepEnded | StepJudged
Observer = Callable[[Event], None]

_observers: list[Observer] = []


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Send every event of this process to `observer` while the block runs."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def emit(event: Event) -> None:
    """Tell every observer."""
    for observer in _observers:
        observer(event)
