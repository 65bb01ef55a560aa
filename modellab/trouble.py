"""What goes wrong outside Model Lab, in words that help: disks, permissions, databases. And the rest, honestly."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modellab.errors import LabError, StorageError

_ELSEWHERE = "let MODELLAB_HOME name a folder elsewhere"
_KEPT = "What was finished is kept: the same command goes on from there."
_FULL = "Free some space there, or let MODELLAB_HOME name a folder on a larger disk."
_RIGHTS = f"Give this user the right to it (chmod, chown), or {_ELSEWHERE}."
_DISK = "Look after the disk (dmesg names its errors), and make a copy of what is on it."
_WORDS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("is on a disk that is full", f"{_FULL} {_KEPT}"),
    errno.EDQUOT: ("would go over this user's quota", f"{_FULL} {_KEPT}"),
    errno.EFBIG: ("would be larger than files may be here", "Raise the limit (ulimit -f), or use another disk."),
    errno.EACCES: ("is not permitted to this user", _RIGHTS),
    errno.EPERM: ("is not permitted to this user", _RIGHTS),
    errno.EROFS: ("is on a disk that is mounted read-only", f"Mount it for writing, or {_ELSEWHERE}."),
    errno.EIO: ("can't be read or written: the disk reports an error", _DISK),
    errno.ESTALE: ("is on a network disk that went away", "Mount it again. " + _KEPT),
    errno.ENODEV: ("is on a disk that went away", "Mount it again. " + _KEPT),
    errno.ENXIO: ("is on a disk that went away", "Mount it again. " + _KEPT),
    errno.ENAMETOOLONG: (
        "is a name or path too long for its disk",
        f"Shorten it, or {_ELSEWHERE}, with a shorter path.",
    ),
    errno.ELOOP: ("is a link that leads round in a circle", "Remove the link."),
    errno.ENOTDIR: ("should be a folder, or lie in one", "Move what is in its place away, or name another folder."),
    errno.EISDIR: ("should be a file, and is a folder", "Move it away."),
    errno.ENOENT: ("is not there", "Something removed it, or named it wrongly: run the command again."),
    errno.EEXIST: ("is in the way", "Move it away."),
    errno.ENOTEMPTY: ("is in the way", "Move it away."),
    errno.EBUSY: ("is in use", "Try again when whoever uses it is done."),
    errno.EMFILE: ("can't be opened: this process has too many files open", "Raise the limit (ulimit -n)."),
    errno.ENFILE: ("can't be opened: this machine has too many files open", "Close other programs."),
    errno.EAGAIN: ("is locked, or this machine has no process or lock left", "Try again when less runs."),
    errno.ENOLCK: ("can't be locked on its disk", f"Use a disk that knows locks: {_ELSEWHERE}."),
    errno.ENOTSUP: ("is on a disk that can't do what is needed", f"Use another disk: {_ELSEWHERE}."),
}
FULL_BYTES = 1 << 20
"""A disk with less than this is full, whatever the error says."""
_SQLITE: tuple[tuple[str, int | None, str], ...] = (
    ("is full", errno.ENOSPC, ""),
    ("readonly database", errno.EROFS, ""),
    ("disk I/O error", errno.EIO, ""),
    ("unable to open", errno.EACCES, ""),
    ("locked", None, "Another program has it open. Try again when it is done, or end it."),
    (
        "",
        None,
        "It is damaged: move the folder away. Only the history in the Dagster UI is lost; recordings, results and the "
        "lab's own database lie elsewhere.",
    ),
)


def as_lab_error(error: BaseException, place: Path | None = None) -> LabError:
    """The error in the lab's words, whatever it was wrapped in.

    Args:
        place: where the work was done, for errors that do not name a path.
    """
    for cause in _causes(error):
        if isinstance(cause, LabError):
            return cause
        if found := _storage_error(cause, place):
            return found
    hint = "This is a defect of Model Lab: modellab --debug COMMAND shows where."
    return LabError(f"unexpected {type(error).__name__}: {error}", hint=hint)


def storage_error(error: BaseException, place: Path | None = None) -> LabError | None:
    """The trouble with a disk or database that an error comes from; None when it comes from something else."""
    return next((found for cause in _causes(error) if (found := _storage_error(cause, place))), None)


@contextmanager
def trouble_at(place: Path) -> Iterator[None]:
    """Turn what a disk or database refuses in the block into a `StorageError`; other errors pass.

    Args:
        place: what is worked on, for errors that do not name a path.
    """
    try:
        yield
    except Exception as error:
        if (found := storage_error(error, place)) is None or found is error:
            raise
        raise found from error


def free_space(place: Path) -> int | None:
    """Bytes free for this user on the disk of a path that need not exist; None where that can't be told."""
    for folder in (place, *place.parents):
        try:
            return shutil.disk_usage(folder).free
        except OSError:
            continue
    return None


def megabytes(count: int) -> str:
    """`12.3 MB`."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e10 else f"{count / 1e6:,.1f} MB"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, the latest first."""
    seen: set[int] = set()
    next_: BaseException | None = error
    while next_ is not None and id(next_) not in seen:
        seen.add(id(next_))
        yield next_
        # SQLAlchemy keeps the driver's error so.
        original = getattr(next_, "orig", None)
        if isinstance(original, BaseException):
            yield original
        # Not the context: what was being handled when a defect showed is not what went wrong.
        next_ = next_.__cause__


def _storage_error(error: BaseException, place: Path | None) -> StorageError | None:
    if isinstance(error, OSError) and error.errno in _WORDS:
        named = [Path(os.fsdecode(name)) for name in (error.filename2, error.filename) if isinstance(name, str | bytes)]
        return _of_number(error.errno, named[0] if named else place, error.strerror)
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is not None and isinstance(error, sqlite3.Error):
        _, number, hint = next(each for each in _SQLITE if each[0] in str(error))
        if number == errno.EIO and place is not None and (free_space(place) or 0) < FULL_BYTES:
            number = errno.ENOSPC  # what SQLite makes of a full disk when its shared memory does not fit
        if number is not None:
            return _of_number(number, place, str(error))
        return StorageError(f"the database in {place or 'the lab'} can't be used", found=str(error), hint=hint)
    return _of_duckdb(error, place)


def _of_duckdb(error: BaseException, place: Path | None) -> StorageError | None:
    """DuckDB gives the system's words and no number."""
    duckdb = sys.modules.get("duckdb")
    if duckdb is None or not isinstance(error, duckdb.Error):
        return None
    words = str(error)
    for number in _WORDS:
        if os.strerror(number).lower() in words.lower():
            return _of_number(number, place, words.splitlines()[0])
    if isinstance(error, duckdb.IOException):
        return StorageError(f"{place or 'a file of the lab'} can't be used", found=words.splitlines()[0], hint=_KEPT)
    return None


def _of_number(number: int, place: Path | None, words: str | None) -> StorageError:
    said, hint = _WORDS[number]
    free = free_space(place) if place is not None else None
    found = words or os.strerror(number)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) and free is not None:
        found += f", {megabytes(free)} free now"  # what was half written is removed already
    return StorageError(f"{place or 'a file of the lab'} {said}", found=found, hint=hint)
