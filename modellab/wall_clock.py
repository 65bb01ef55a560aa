"""The time of day, as it goes into records: within a process it never goes back, whatever is done to the clock."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Lock

_lock = Lock()
_latest: tuple[datetime, float] | None = None
"""The latest time given, and when that was by the clock that only runs on."""


def now() -> datetime:
    """The time now, in UTC, no earlier than any given before in this process.

    When the clock was set back, time goes on from the latest time given.
    """
    global _latest  # noqa: PLW0603 (a clock is one for the process)
    with _lock:
        said, running = datetime.now(UTC), time.monotonic()
        if _latest is not None and said < _latest[0]:
            said = _latest[0] + timedelta(seconds=running - _latest[1])
        _latest = said, running
        return said


def stamp() -> str:
    """`now` as ISO 8601 in UTC, to the millisecond."""
    return now().isoformat(timespec="milliseconds")


def rising() -> Iterator[datetime]:
    """The time whenever the next is asked for, each at least a millisecond after the one before: what is registered by
    several threads at once is listed in the order in which it was given."""
    latest = now()
    while True:
        yield latest
        latest = max(now(), latest + timedelta(milliseconds=1))


def steady() -> Callable[[], float]:
    """A clock that gives the time now, in seconds since 1970, and from here on runs evenly, whatever is done to the
    machine's clock."""
    began_s, running_s = now().timestamp(), time.monotonic()
    return lambda: began_s + (time.monotonic() - running_s)
