"""SHA-256 of big files, computed once: remembered on disk by path, size and times of change."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from modellab.errors import TextRefused
from modellab.files import canonical_json, write_atomic
from modellab.outside import read_json

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
        stamps = [_stamp(part) for part in parts]
        key = canonical_json(stamps)
        entry = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
        try:
            return str(read_json(entry)["sha256"])
        except (OSError, TextRefused, KeyError, TypeError):
            digest = _joined_sha256(parts)
        # What is lost is computed anew, and a data set has thousands.
        write_atomic(entry, canonical_json({"files": stamps, "sha256": digest}), sync=False)
        return digest


def _stamp(path: Path) -> list[str | int]:
    real = path.resolve()
    status = real.stat()
    # The time of the inode's change can't be set back, as that of the content's can.
    return [str(real), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _joined_sha256(parts: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        with part.open("rb") as handle:
            while block := handle.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()
