"""What model folders' YAML files said when they were last read, so that not every start parses all of them anew.

Parsing is what takes the time of looking at models, so only that is saved: what a file says is validated each time. A
file counts as unchanged while its place, size, time and number on the disk are what they were (git's index goes by the
same); one that changed within the last seconds may change again within the same tick of the disk's clock, and is
parsed each time.
"""

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from modellab.errors import TextRefused
from modellab.files import write_atomic
from modellab.outside import Limits, parse_json, read_bytes, read_yaml

Read = Callable[[Path], Any]
"""What a YAML file holds; raises as `read_yaml`."""
_LIMITS = Limits(bytes=64 << 20)
_SETTLED_NS = 3 * 10**9
"""Clocks of file systems tick every 2 s at the slowest (FAT)."""
_Facts = list[int]


class ReadBefore:
    """YAML files, parsed once as long as they stay the same, for any number of processes.

    A file of what was read that is damaged, or that can't be written, costs time and nothing else: it is made anew.

    Args:
        kept: the file where it is kept; None reads every file anew.
    """

    def __init__(self, kept: Path | None) -> None:
        self._kept = kept
        self._known: dict[str, tuple[_Facts, Any]] | None = None
        self._changed = False

    def read(self, path: Path) -> Any:
        """What a YAML file holds; raises as `read_yaml`."""
        if self._kept is None:
            return read_yaml(path)
        known = self._recalled()
        facts = _facts(path)
        if (before := known.get(str(path))) and before[0] == facts:
            return before[1]
        content = read_yaml(path)
        if facts == _facts(path) and _settled(facts) and _is_json(content):
            known[str(path)] = facts, content
            self._changed = True
        return content

    def keep(self) -> None:
        """Write what was read anew, for the next process; files that are gone are forgotten."""
        if self._kept is None or not self._changed:
            return
        self._changed = False
        # Another thread may read meanwhile: a run records the folders beside its first steps.
        held = {path: known for path, known in self._recalled().copy().items() if Path(path).exists()}
        text = json.dumps(held, ensure_ascii=True)
        with suppress(OSError):  # a home that can't be written is reported by whoever must write there
            write_atomic(self._kept, f"{_digest(text.encode())}\n{text}", sync=False)

    def _recalled(self) -> dict[str, tuple[_Facts, Any]]:
        if self._known is None:
            self._known = _load(self._kept) if self._kept else {}
        return self._known


def _load(kept: Path) -> dict[str, tuple[_Facts, Any]]:
    try:
        digest, _, text = read_bytes(kept, _LIMITS).partition(b"\n")
        if digest.decode() != _digest(text):
            return {}
        return {path: (facts, content) for path, (facts, content) in parse_json(text, str(kept), _LIMITS).items()}
    except (OSError, TextRefused, ValueError, TypeError, AttributeError):
        return {}  # not there, or not what we write: files are read anew


def _digest(text: bytes) -> str:
    """Of what is kept: whatever a disk did to it shows."""
    return hashlib.sha256(text).hexdigest()


def _facts(path: Path) -> _Facts:
    """What changes when a file does."""
    found = path.stat()
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def _settled(facts: _Facts) -> bool:
    return max(facts[:2]) < time.time_ns() - _SETTLED_NS


def _is_json(content: Any) -> bool:
    """Whether it comes back from JSON as it is: a date does not, nor a key that is a number."""
    try:
        return bool(parse_json(json.dumps(content), "") == content)
    except (TypeError, ValueError, TextRefused):
        return False
