"""Telling whether the process that started a run still lives: it holds a lock that the system drops when it dies.

Beside the lock lies which process that is, for whoever wants to end it.
"""

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from modellab.errors import TextRefused
from modellab.files import write_atomic
from modellab.outside import read_json
from modellab.processes import Process, process_of
from modellab.settings import Lab

_STALE_S = 24 * 3600.0
"""A lock file that nobody holds and that is this old has done its duty."""


_held: list[FileLock] = []
"""Every mark of this process: a lock goes when nobody refers to it any more."""


class ProcessMark:
    """A lock that says "this process lives", held until it ends. Its name goes into the records of its runs.

    Args:
        name: of a process that is for one thing alone, such as the id of its Dagster run; one that is given away
            already stays with whoever has it.
    """

    def __init__(self, lab: Lab, name: str | None = None) -> None:
        self.name = name or uuid.uuid4().hex
        folder = _folder(lab)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{self.name}.lock")
        with suppress(Timeout):
            lock.acquire(timeout=0)
            _held.append(lock)
            if this := process_of(os.getpid()):
                with suppress(OSError):  # on a full disk: then nobody can end it by its mark, and it runs all the same
                    write_atomic(_holder(lab, self.name), json.dumps(asdict(this)), sync=False)


@contextmanager
def held_while_launching(lab: Lab, run_id: str) -> Iterator[None]:
    """Hold a lock that says "this run is being launched" while the block runs: its own process has no mark yet."""
    folder = _folder(lab)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{launching(run_id)}.lock"):
        yield


def launching(run_id: str) -> str:
    """The name of that lock, for `lives`."""
    return f"launching-{run_id}"


def is_known(lab: Lab, name: str) -> bool:
    """Whether a mark is there, held or not: it is kept for a day."""
    return (_folder(lab) / f"{name}.lock").is_file()


def lives(lab: Lab, name: str) -> bool:
    """Whether a process still holds its mark."""
    path = _folder(lab) / f"{name}.lock"
    return path.is_file() and not _is_free(path)


def holder(lab: Lab, name: str) -> Process | None:
    """The process that holds a mark; None when nobody does, or it is not one of this machine."""
    if not lives(lab, name):
        return None
    try:
        said = read_json(_holder(lab, name))
        process = Process(int(said["pid"]), str(said["birth"]))
    except (OSError, TextRefused, TypeError, KeyError, ValueError):
        return None
    return process if process.lives else None


def remove_stale_marks(lab: Lab) -> None:
    """Delete marks of processes that ended long ago."""
    for path in _folder(lab).glob("*.lock"):
        if time.time() - path.stat().st_mtime > _STALE_S and _is_free(path):
            _holder(lab, path.stem).unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True


def _folder(lab: Lab) -> Path:
    return lab.home / "running"


def _holder(lab: Lab, name: str) -> Path:
    return _folder(lab) / f"{name}.json"
