"""The number that says in which order a lab took things down: clocks are set back, and differ between processes."""

import fcntl
import os
import re
from collections.abc import Callable
from pathlib import Path

_WRITTEN = re.compile(rb"^(\d{20})\n$")
_BYTES = 21
_sync_content = getattr(os, "fdatasync", os.fsync)
"""Without the times of the file where the system can: those cost a write of their own."""


class Sequence:
    """Numbers 1, 2, 3, ... that threads and processes share; one that was given is never given again.

    A number that was given to a process that died before it used it is left out.

    Args:
        path: the file that holds the last number; it is its own lock.
        highest: the highest number in use, asked for when the file is missing or was left half-written.
    """

    def __init__(self, path: Path, highest: Callable[[], int]) -> None:
        self._path, self._highest = path, highest

    def last(self) -> int:
        """The number that was given last; 0 where none was.

        Raises:
            OSError: the file can't be read.
        """
        try:
            written = _WRITTEN.match(self._path.read_bytes()[: _BYTES + 1])
        except FileNotFoundError:
            written = None
        return int(written[1]) if written else self._highest()

    def next(self) -> int:
        """A number higher than all before.

        Raises:
            OSError: the file can't be locked or written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            written = _WRITTEN.match(os.pread(descriptor, _BYTES + 1, 0))
            number = 1 + (int(written[1]) if written else self._highest())
            # In place, within one block of any disk: whoever dies here leaves the old number or the new one.
            os.pwrite(descriptor, f"{number:020d}\n".encode(), 0)
            os.ftruncate(descriptor, _BYTES)
            _sync_content(descriptor)
            return number
        finally:
            os.close(descriptor)
