"""Being asked to stop: by Ctrl-C (SIGINT) or SIGTERM, whatever code is at work when it comes.

Python's own way, an exception out of a handler, is not enough: Dagster puts handlers of its own in place that drop what
comes while it does its bookkeeping, and native code keeps handlers from running for as long as it works. So signals are
noted below the handlers, through the descriptor that the interpreter writes each to (`signal.set_wakeup_fd`).
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_PATIENCE_S = 1.0
"""After so long it is said that stopping takes a while; a second signal before that may be the first one's echo."""


class _Watch:
    """Notes signals from a thread of its own. A second one, later than an echo, ends the process at once."""

    def __init__(self, taking_long: Callable[[], None]) -> None:
        self._timer = threading.Timer(_PATIENCE_S, taking_long)
        self._timer.daemon = True
        self._first: tuple[signal.Signals, float] | None = None
        self._lock = threading.Lock()
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self.writing, False)
        self._thread = threading.Thread(target=self._wait, name="modellab-signals", daemon=True)
        self._thread.start()

    def first(self) -> signal.Signals | None:
        """The first signal that asked to stop, noted as soon as the handler could have run."""
        self._note_all()
        return self._first[0] if self._first else None

    def close(self) -> None:
        self._timer.cancel()
        os.close(self.writing)
        self._thread.join()
        os.close(self._reading)

    def _wait(self) -> None:
        open_ = True
        while open_:
            select.select([self._reading], [], [])
            open_ = self._note_all()

    def _note_all(self) -> bool:
        """Note what was written; False when the other end is closed."""
        with self._lock:
            try:
                numbers = os.read(self._reading, 64)
            except BlockingIOError:
                return True
            for number in numbers:
                if number in _STOPPING:
                    self._note(signal.Signals(number))
            return bool(numbers)

    def _note(self, number: signal.Signals) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = number, now
            self._timer.start()
        elif now - self._first[1] > _PATIENCE_S:
            os._exit(exit_code(number))  # whatever is at work: a killed process loses nothing that was finished


_watches: list[_Watch] = []
"""The one of this process, while there is one."""


@contextmanager
def watching(taking_long: Callable[[], None]) -> Iterator[None]:
    """Turn SIGTERM into what Ctrl-C is, and note both, while the block runs. Does nothing outside the main thread.

    Where SIGINT is ignored (a shell starts `command &` so) it stays without effect, also on Dagster, which would
    otherwise put that "ignore" in place for SIGTERM too.

    Args:
        taking_long: called from another thread when the process still runs a while after the signal.
    """
    if _watches or threading.current_thread() is not threading.main_thread():
        yield
        return
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    watch = _Watch(taking_long)
    _watches.append(watch)
    before = {number: signal.signal(number, _interrupt) for number in _STOPPING}
    written_to = signal.set_wakeup_fd(watch.writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(written_to)
        for number, handler in before.items():
            signal.signal(number, handler)
        if ignored:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        _watches.remove(watch)
        watch.close()


def asked_to_stop() -> signal.Signals | None:
    """The signal that asked this process to stop, although nobody may have acted on it."""
    return _watches[0].first() if _watches else None


def check() -> None:
    """Act on a signal that came while somebody else's handler was in place.

    Raises:
        KeyboardInterrupt: there was one.
    """
    if asked_to_stop():
        raise KeyboardInterrupt


def exit_code(number: signal.Signals | None = None) -> int:
    """What a shell would report: 130 for Ctrl-C, 143 for SIGTERM; None stands for the signal that came."""
    return 128 + (number or asked_to_stop() or signal.SIGINT)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
