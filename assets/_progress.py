"""Progress inside a long step, as messages in its run's log."""

import time
from collections.abc import Callable

from modellab.pipeline.events import Event, StepProgressed

_INTERVAL_S = 10.0
_LEAST = 0.1
"""A step that is slow enough to be asked after speaks up at most every tenth of its way."""


class ProgressLog:
    """Says how far a step is, seldom enough for a log: at most every ten seconds and every ten percent.

    Args:
        say: where a message goes.
        file: the name of the file that the step works on.
        now: seconds on a clock.
    """

    def __init__(self, say: Callable[[str], None], file: str, now: Callable[[], float] = time.monotonic) -> None:
        self._say, self._file, self._now = say, file, now
        self._started = self._said_at = now()
        self._said = 0.0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, StepProgressed) or event.fraction >= 1 or event.fraction - self._said < _LEAST:
            return
        now = self._now()
        if now - self._said_at < _INTERVAL_S:
            return
        self._said, self._said_at = event.fraction, now
        self._say(f"{event.step} of {self._file}: {event.fraction:.0%} after {now - self._started:.0f} s")
