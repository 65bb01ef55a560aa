"""The database's file: opening it whatever state it is in, copying it, and swapping another in.

Builders leave no write-ahead log (`.wal`) beside it. One that is there belongs to someone who opened the database for
writing, and would keep everybody from opening the file that is swapped in.
"""

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from modellab.files import SET_ASIDE, sync_path
from modellab.settings import Lab
from modellab.warehouse.connection import CATALOG, attach

_NO_KERNEL_COPY = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


def try_attach(connection: duckdb.DuckDBPyConnection, database: Path) -> duckdb.Error | None:
    """Attach the database for reading, past a log that does not belong to it; the error when that can't be done."""
    error = _attach(connection, database)
    if error is not None and not is_locked(error) and _wal(database).exists():
        _wal(database).unlink(missing_ok=True)
        error = _attach(connection, database)
    return error


def is_locked(error: duckdb.Error) -> bool:
    """Whether another process has the database open for writing."""
    return "Could not set lock" in str(error)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file inside the kernel where it can: on file systems that share blocks (btrfs, XFS) it takes no time."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, target)
        return
    with source.open("rb") as reader, target.open("wb") as writer:
        left = os.fstat(reader.fileno()).st_size
        try:
            while left > 0 and (copied := os.copy_file_range(reader.fileno(), writer.fileno(), left)):
                left -= copied
        except OSError as error:
            if error.errno not in _NO_KERNEL_COPY:
                raise
            shutil.copyfile(source, target)


def swap_in(replacement: Path, database: Path) -> None:
    """Make a finished file the database. Who has the old one open keeps it as it is."""
    _wal(database).unlink(missing_ok=True)
    replacement.replace(database)
    sync_path(database.parent)


def set_aside(path: Path, lab: Lab) -> Path:
    """Move a file that is not ours or can't be read to where it harms nobody and its owner finds it."""
    folder = lab.home / SET_ASIDE
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{path.name}"
    shutil.move(path, target)
    return target


def first_line(error: Exception) -> str:
    """What an error says, without the statement that DuckDB repeats after it."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _attach(connection: duckdb.DuckDBPyConnection, database: Path) -> duckdb.Error | None:
    try:
        attach(connection, database, name=CATALOG, read_only=True)
    except duckdb.Error as error:
        return error
    return None


def _wal(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")
