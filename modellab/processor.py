"""Processor time of this process: of its threads, and of the processes it started."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_USER_TICKS = 11
"""Place of `utime` in `/proc/<pid>/stat`, counted after the process's name; `stime`, `cutime` and `cstime` follow."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def seconds() -> float:
    """Processor seconds so far: of all threads, of children that ended, and, on Linux, of those that still live.

    Children that end pass theirs on to whoever waits for them, so the sum never counts a second twice.
    """
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
