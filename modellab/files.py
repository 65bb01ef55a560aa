"""Writing files so that killing the process at any moment leaves the old file or the new one, and hashing them."""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modellab.errors import PathRefused

STAGING = ".staging"
"""Folder of a store in which its new folders are written."""
_HASH_BLOCK_BYTES = 1 << 20


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits; reads 1 MiB at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN: the same value always gives the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sync_path(path: Path) -> None:
    """Flush a file, or a folder's list of names, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside `target`; when the block ends well it is synced and renamed over `target`.

    Raises whatever the block raises, after removing the temporary file; `target` is then untouched.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not mkstemp: what it makes only its owner may read, and others read a pack or a lab as well.
    temporary = target.parent / f".{target.name}.{uuid.uuid4().hex}.tmp"
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        sync_path(temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_path(target.parent)


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """An empty folder below `root`, on its disk, to fill before it is renamed to its place.

    Removed when the block ends, unless it was renamed; what a killed process leaves is for `remove_stale_staging`.
    """
    folder = root / STAGING / f"{os.getpid()}-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_stale_staging(root: Path, older_than_s: float = 24 * 3600.0) -> int:
    """Delete what killed processes left half-written below `root`; returns how many folders went."""
    removed = 0
    now_s = time.time()
    for folder in (root / STAGING).glob("*"):
        if now_s - folder.stat().st_mtime > older_than_s:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def write_atomic(target: Path, data: bytes | str) -> None:
    """Write a whole file or nothing."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


def confine(path: Path, root: Path) -> Path:
    """`path` resolved, if it lies inside `root`.

    Raises:
        PathRefused: it leads outside, through `..` or a link.
    """
    resolved, base = path.resolve(), root.resolve()
    if not resolved.is_relative_to(base):
        raise PathRefused(f"path {path} leads outside {base}", found=str(resolved), allowed=f"paths below {base}")
    return resolved
