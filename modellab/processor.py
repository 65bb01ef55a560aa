"""Processor time of this process: of its threads, and of the processes it started."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PROC = Path("/proc")
_USER_TICKS = 11
"""Place of `utime` in `/proc/<pid>/stat`, counted after the process's name; `stime`, `cutime` and `cstime` follow."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class _Apart:
    """The threads that are counted apart."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clocks: dict[int, int] = {}
        """Thread -> the clock of its processor time."""
        self.ended_s = 0.0
        """Of blocks that are over, less what their threads took before."""

    def seconds(self) -> float:
        return self.ended_s + sum(time.clock_gettime(clock) for clock in self.clocks.values())


_apart = _Apart()


def seconds() -> float:
    """Processor seconds so far: of all threads, of children that ended, and, on Linux, of those that still live.

    Children that end pass theirs on to whoever waits for them, so the sum never counts a second twice. Threads that are
    `counted_apart` are left out; in such a thread it is the thread's own time.
    """
    with _apart.lock:
        if threading.get_ident() in _apart.clocks:
            return time.thread_time()
        apart_s = _apart.seconds()
    return _of_process() - apart_s


@contextmanager
def counted_apart() -> Iterator[None]:
    """Count what this thread does in the block as its own: what others measure meanwhile is not this.

    Where the system can't tell a thread's time to another thread (macOS), it counts like any other's.
    """
    clock_of = getattr(time, "pthread_getcpuclockid", None)
    if clock_of is None:
        yield
        return
    thread, before_s = threading.get_ident(), time.thread_time()
    with _apart.lock:
        _apart.ended_s -= before_s
        _apart.clocks[thread] = clock_of(thread)
    try:
        yield
    finally:
        with _apart.lock:
            del _apart.clocks[thread]
            _apart.ended_s += time.thread_time()


def _of_process() -> float:
    ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    living = sum(_ticks(pid) for pid in _descendants(os.getpid()))
    return sum(usage.ru_utime + usage.ru_stime for usage in ended) + living / _TICKS_PER_S


def _descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):  # it ended meanwhile
        for task in (_PROC / str(pid) / "task").iterdir():
            for child in _children(task):
                yield child
                yield from _descendants(child)


def _children(task: Path) -> list[int]:
    try:
        return [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _ticks(pid: int) -> int:
    try:
        # The name is in brackets and may hold spaces and brackets itself.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[_USER_TICKS : _USER_TICKS + 4]))
