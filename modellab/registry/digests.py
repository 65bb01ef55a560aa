"""SHA-256 of big files, computed once: remembered on disk by path, size and time of change."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from modellab.files import canonical_json, write_atomic

_BLOCK_BYTES = 1 << 20


class DigestCache:
    """Digests of weight files, kept as one small JSON file each, so that any number of processes can share them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, parts: Sequence[Path]) -> str:
        """SHA-256 (64 hex digits) of the bytes of the parts, one after the other.

        Raises:
            OSError: a part can't be read.
        """
        key = canonical_json([_stamp(part) for part in parts])
        entry = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
        try:
            return str(json.loads(entry.read_bytes())["sha256"])
        except (OSError, ValueError, KeyError):
            digest = _joined_sha256(parts)
        write_atomic(entry, canonical_json({"files": json.loads(key), "sha256": digest}))
        return digest


def _stamp(path: Path) -> list[str | int]:
    real = path.resolve()
    status = real.stat()
    return [str(real), status.st_size, status.st_mtime_ns]


def _joined_sha256(parts: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        with part.open("rb") as handle:
            while block := handle.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()
