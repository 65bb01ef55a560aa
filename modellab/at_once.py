"""Work that waits for disks more than it computes: several pieces at once, results in order.

Each piece is as safe as it is alone. But a disk that is asked to keep one file after the other writes its journal for
each; asked for several at once, it writes it once for all of them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_THREADS = 8
_AHEAD = 2 * _THREADS
"""Pieces that are begun or wait while the first of them is asked for."""


def at_once(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """What the work gives for each item, in their order. Whoever stops asking waits for what is begun, and no more.

    Raises:
        Exception: what the work raised of the item that it is the turn of.
    """
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="modellab-at-once")
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) == _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
