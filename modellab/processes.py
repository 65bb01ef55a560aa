"""Processes of this machine: whose this one is, what others there are and started, and ending them whatever they do.

A number alone is no process: the system gives it to another when the first has ended. So a process is its number and
its birth, which no two have in common.
"""

import getpass
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"
_POLL_S = 0.05
_GONE_WITHIN_S = 5.0
"""A killed process is gone in milliseconds, unless the kernel is busy with a disk or a device for it."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this machine."""

    pid: int
    birth: str
    """Which boot of the machine, and when since; of no use but to compare."""

    @property
    def lives(self) -> bool:
        """Whether it still runs: one that ended and that its parent has not looked at yet does not."""
        return process_of(self.pid) == self


@dataclass(frozen=True, slots=True)
class _Row:
    """What the system says of a process."""

    pid: int
    parent: int
    birth: str
    age_s: float


def user_name() -> str | None:
    """The account that this process runs under; None where it has no name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def process_of(pid: int) -> Process | None:
    """The process that has a number now; None when none has, or it has ended."""
    row = _row(pid) if _PROC.is_dir() else next((row for row in _ps() if row.pid == pid), None)
    return None if row is None else Process(pid, row.birth)


def process_that_was(pid: int, age_s: float) -> Process | None:
    """The process that had a number so long ago; None when it has ended.

    Args:
        age_s: one that is younger, by more than a clock may be wrong, got the number later.
    """
    row = _row(pid) if _PROC.is_dir() else next((row for row in _ps() if row.pid == pid), None)
    return None if row is None or row.age_s + 2.0 < age_s else Process(pid, row.birth)


def here() -> str:
    """Where this process is, as far as the numbers of processes mean the same: machine, boot, space of numbers.

    Containers have spaces of their own.
    """
    try:
        space = str((_PROC / "self/ns/pid").readlink())
    except OSError:
        space = ""
    return f"{platform.node()} {_boot()} {space}"


def is_before_boot(place: str) -> bool:
    """Whether a process of that place (`here`) is gone because this machine was started again since."""
    machine, boot, _ = place.split(" ", 2)
    return _BOOT.is_file() and machine == platform.node() and boot != _boot()


def with_descendants(process: Process) -> list[Process]:
    """A process and all it started, directly or not, that still run: itself first."""
    rows = {row.pid: row for row in _rows()}
    if process.pid not in rows or rows[process.pid].birth != process.birth:
        return []
    found = [process.pid]
    for parent in found:  # grows meanwhile
        found += [row.pid for row in rows.values() if row.parent == parent]
    return [Process(pid, rows[pid].birth) for pid in found]


def may_end(process: Process) -> bool:
    """Whether this account may send it signals."""
    try:
        os.kill(process.pid, 0)
    except PermissionError:
        return False
    except ProcessLookupError:
        return True
    return True


def end_all(process: Process, grace_s: float, before_killing: Callable[[], None] = lambda: None) -> bool:
    """End a process and all it started: asked first (SIGTERM), and killed when it is still there after a while.

    A C library in the middle of its work lets no Python handler run, and may never return; killing needs nothing of it.
    Those that it started are told by it, or by its death; a model's process in the middle of a call hears neither.

    Args:
        grace_s: how long they have, before they are killed.
        before_killing: called when that is over, before the first is killed.

    Returns:
        Whether it had to be killed.
    """
    all_of_it = set(with_descendants(process))
    _send(process, signal.SIGTERM)
    end = time.monotonic() + grace_s
    while time.monotonic() < end:
        all_of_it |= set(with_descendants(process))
        if not any(one.lives for one in all_of_it):
            return False
        time.sleep(_POLL_S)
    all_of_it |= set(with_descendants(process))
    before_killing()
    # The first one first: it would take the death of a model's process for an error, and start another.
    for one in (process, *(all_of_it - {process})):
        _send(one, signal.SIGKILL)
    end = time.monotonic() + _GONE_WITHIN_S
    while any(one.lives for one in all_of_it) and time.monotonic() < end:
        time.sleep(_POLL_S)
    return True


def _send(process: Process, number: signal.Signals) -> None:
    if process.lives:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _rows() -> Iterator[_Row]:
    if not _PROC.is_dir():
        yield from _ps()
        return
    for folder in _PROC.glob("[0-9]*"):
        if row := _row(int(folder.name)):
            yield row


def _row(pid: int) -> _Row | None:
    """From `/proc/<pid>/stat` (proc_pid_stat(5)): after the name in brackets, the state is field 3, the parent 4, and
    when it began 22, in clock ticks since the machine was started."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        if fields[0] in "ZX" and len(list((_PROC / str(pid) / "task").iterdir())) <= 1:
            return None  # while other threads of it are still ending, it holds its files and locks
        ticks = int(fields[19])
        up_s = float((_PROC / "uptime").read_text().split()[0])
    except (OSError, IndexError):
        return None
    return _Row(pid, int(fields[1]), f"{_boot()}:{ticks}", up_s - ticks / os.sysconf("SC_CLK_TCK"))


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return sys.platform


def _ps() -> Iterator[_Row]:
    """Where there is no `/proc` (macOS)."""
    columns = "pid=,ppid=,stat=,etime=,lstart="
    told = subprocess.run(
        ["ps", "-A", "-o", columns], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    for line in told.stdout.splitlines():
        pid, parent, state, age, birth = line.split(maxsplit=4)
        if not state.startswith("Z"):
            yield _Row(int(pid), int(parent), birth.strip(), _seconds(age))


def _seconds(age: str) -> float:
    """Of `ps`'s `[[days-]hours:]minutes:seconds`."""
    days, _, rest = age.rpartition("-")
    seconds = 0.0
    for part in rest.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + 86400.0 * float(days or 0)
