"""What was asked of services while a step ran, and what it cost: kept with the step's record."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_SECONDS_PER_MINUTE = 60


class Price(BaseModel):
    """What a service takes for a minute of sound. Somebody read it somewhere, at some day: it is never guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_minute: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code, such as USD")
    as_of: date = Field(description="the day on which it was read")
    source: str = Field(min_length=1, description="where it was read: an address, or a contract")

    def of(self, audio_s: float) -> float:
        """Of so many seconds of sound."""
        return self.per_minute * audio_s / _SECONDS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One request that a service answered."""

    service: str
    """Its address."""
    asked: str
    """The model, as it was asked for."""
    answered: str | None
    """The model and its version, as the service said; None where it said nothing of it."""
    request: str | None
    """The service's own id of the request."""
    audio_s: float
    """Seconds of sound that count: as the service says, else what it was sent."""
    attempts: int
    """More than one after failures, of which the service may have charged some all the same."""
    cost: float | None = None
    """None where no price is known. Like the price, of this answer alone."""
    currency: str | None = None
    price_per_minute: float | None = None
    price_as_of: str | None = None
    """ISO 8601."""
    price_source: str | None = None


_meter: ContextVar[list[ServiceCall] | None] = ContextVar("meter", default=None)


@contextmanager
def metered(calls: list[ServiceCall]) -> Iterator[None]:
    """What is asked of services in this thread while the block runs is added to the list."""
    token = _meter.set(calls)
    try:
        yield
    finally:
        _meter.reset(token)


def note(call: ServiceCall) -> None:
    """Add a call to what is metered just now; nothing where nobody meters."""
    calls = _meter.get()
    if calls is not None:
        calls.append(call)
