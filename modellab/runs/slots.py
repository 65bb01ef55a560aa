"""So many at once in a lab, whoever starts them: runs, and steps whose model works on a GPU.

Each takes a slot, a lock that the system drops when its process dies.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from filelock import FileLock, Timeout

from modellab.settings import Lab

_POLL_S = 0.2
_held: ContextVar[frozenset[Path]] = ContextVar("held", default=frozenset())
"""Groups of slots of which the code that asks holds one already: who launches a run takes it, the run asks again."""


@contextmanager
def run_slot(lab: Lab, most: int, waits: Callable[[int], None] = lambda most: None) -> Iterator[None]:
    """Hold one of a lab's slots for runs while the block runs, waiting for one as long as it takes.

    Args:
        most: how many there are; below zero, no limit.
        waits: told once, with `most`, when all are taken.
    """
    with _slot(lab.home / "slots", most, waits):
        yield


@contextmanager
def gpu_slot(lab: Lab, most: int, waits: Callable[[int], None] = lambda most: None) -> Iterator[None]:
    """Hold one of a lab's slots for work on this machine's GPU; arguments as `run_slot`."""
    with _slot(lab.home / "slots" / "gpu", most, waits):
        yield


@contextmanager
def _slot(folder: Path, most: int, waits: Callable[[int], None]) -> Iterator[None]:
    held = _held.get()
    if most < 0 or folder in held:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = _wait(folder, most, waits)
    token = _held.set(held | {folder})
    try:
        yield
    finally:
        _held.reset(token)
        lock.release()


def _wait(folder: Path, most: int, waits: Callable[[int], None]) -> FileLock:
    told = False
    while True:
        for number in range(most):
            lock = FileLock(folder / f"{number}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock
        if not told:
            told = True
            waits(most)
        time.sleep(_POLL_S)
