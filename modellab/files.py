"""Writing files so that killing the process at any moment leaves the old file or the new one, and hashing them."""

import fcntl
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from modellab.errors import PathRefused

STAGING = ".staging"
"""Folder of a store in which its new folders are written."""
SET_ASIDE = "set-aside"
"""Folder of a lab's home to which what can't be used is moved, so that its owner finds it."""
_HASH_BLOCK_BYTES = 1 << 20
_ABANDONED_S = 24 * 3600.0
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits; reads 1 MiB at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN: the same value always gives the same text."""
    return _CANONICAL.encode(value)


def sync_path(path: Path) -> None:
    """Flush a file, or a folder's list of names, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def atomic_path(target: Path, *, sync: bool = True) -> Iterator[Path]:
    """A temporary path beside `target`; when the block ends well it is synced and renamed over `target`.

    Raises whatever the block raises, after removing the temporary file; `target` is then untouched. What a killed
    process leaves is for `remove_abandoned`.

    Args:
        sync: whether it must outlast a loss of power; that costs some 10 ms on a disk.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not mkstemp: what it makes only its owner may read, and others read a pack or a lab as well.
    with _held(lambda: target.parent / f".{target.name}.{uuid.uuid4().hex}.tmp", Path.touch) as temporary:
        try:
            yield temporary
            if sync:
                sync_path(temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    if sync:
        sync_path(target.parent)


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """An empty folder below `root`, on its disk, to fill before it is renamed to its place.

    Removed when the block ends, unless it was renamed; what a killed process leaves is for `remove_abandoned`.
    """
    (root / STAGING).mkdir(parents=True, exist_ok=True)
    with _held(lambda: root / STAGING / f"{os.getpid()}-{uuid.uuid4().hex}", Path.mkdir) as folder:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(name: Callable[[], Path], make: Callable[[Path], None]) -> Iterator[Path]:
    """A new file or folder with a lock on it that the system drops when this process dies, however it does."""
    while True:
        path = name()
        make(path)
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # somebody tidied up before it was ours
            continue
        try:
            hold(descriptor)
            if not path.exists():  # or between the last two lines
                continue
            yield path
            return
        finally:
            os.close(descriptor)


def hold(descriptor: int) -> None:
    """Lock a half-written file until it is closed, so that nobody takes it for abandoned."""
    with suppress(OSError):  # a file system without locks: there age alone tells
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def remove_abandoned(paths: Iterable[Path]) -> int:
    """Delete the files and folders of `atomic_path` and `staging_folder` whose process is dead; returns how many.

    Where the file system has no locks they go a day after they were last changed.
    """
    return sum(_remove_if_abandoned(path) for path in paths)


def _remove_if_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            if time.time() - os.fstat(descriptor).st_mtime < _ABANDONED_S:
                return False
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        return not path.exists()
    except OSError:
        return False
    finally:
        os.close(descriptor)


def write_atomic(target: Path, data: bytes | str, *, sync: bool = True) -> None:
    """Write a whole file or nothing. `sync` as in `atomic_path`."""
    with atomic_path(target, sync=sync) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


def confine(path: Path, root: Path) -> Path:
    """`path` resolved, if it lies inside `root`.

    Raises:
        PathRefused: it leads outside, through `..` or a link.
    """
    return confine_to(path, root.resolve())


def confine_to(path: Path, base: Path) -> Path:
    """As `confine`, below a folder that is resolved already: for who looks for thousands of paths in one folder."""
    resolved = path.resolve()
    if not resolved.is_relative_to(base):
        raise PathRefused(f"path {path} leads outside {base}", found=str(resolved), allowed=f"paths below {base}")
    return resolved
