"""A zip whose bytes depend on nothing but the files in it."""

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The zip format's first date: a file's own times would make two equal packs differ."""
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3
_ALREADY_COMPRESSED = frozenset({".mp3", ".docx"})


def plain_entry(name: str) -> zipfile.ZipInfo:
    """An entry, compressed, that says nothing of when and where it was made."""
    info = zipfile.ZipInfo(name, _EARLIEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _PLAIN_FILE
    info.create_system = _UNIX
    return info


def write_zip(target: Path, files: Sequence[Path]) -> None:
    """Write files, under their bare names and in the given order, into a zip."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in files:
            info = plain_entry(path.name)
            if path.suffix in _ALREADY_COMPRESSED:
                info.compress_type = zipfile.ZIP_STORED
            info.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(info, "w") as entry:
                shutil.copyfileobj(source, entry, 1 << 20)
