"""Work in a thread beside what the process is for: it steps back where both want a processor, and is counted apart."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modellab import processor

_STEPS_BACK = 10
"""Nice levels. A model's own threads wait for each other: taking a processor from one of them holds up all."""
_NICEST = 19


@contextmanager
def stepping_back() -> Iterator[None]:
    """This thread's work in the block is second to other threads', and its processor time is its own.

    For a thread of its own: its priority stays lowered. Only Linux lowers that of a thread.
    """
    if sys.platform == "linux":  # elsewhere it would be the whole process
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(_NICEST, nice + _STEPS_BACK))
    with processor.counted_apart():
        yield


@contextmanager
def done_aside(work: Callable[[], None], name: str) -> Iterator[None]:
    """Do something in a thread beside the block, which ends when both are over.

    Raises:
        Exception: what the work raised, at the end of a block that raised nothing itself.
    """
    errors: list[Exception] = []

    def do() -> None:
        with stepping_back():
            try:
                work()
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=do, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    for error in errors:
        raise error
