"""What lies in a watched folder: every name with its size and times, and nothing of its content."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from modellab.errors import InboxError
from modellab.media.folders import is_a_home, is_within

REFUSED = b"refused"
"""Folder in a watched one to which what can't be used is moved, where its options ask for that."""
OURS = b".modellab"
"""What the lab puts beside a file has the file's name, this, and an ending."""
_TEMPORARY_ENDINGS = (
    *(b".part", b".partial", b".crdownload", b".download", b".opdownload", b".filepart"),
    *(b".tmp", b".temp", b".swp", b".!ut", b"~"),
)
"""Names that browsers, copying programs and editors give to what is not complete."""
_TEMPORARY_BEGINNINGS = (b"~$",)

EntryKind = Literal["file", "link", "special", "folder"]
"""A link is never followed; special are pipes, sockets and devices; a folder is listed where it can't be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name, as it was seen."""

    path: bytes
    """From the watched folder on; bytes, since names need not be UTF-8."""
    size: int
    mtime_ns: int
    device: int
    inode: int
    kind: EntryKind = "file"
    temporary: bool = False
    """Whether its name says that it is not complete."""

    @property
    def version(self) -> tuple[int, int, str]:
        """What stays the same while nobody writes to it."""
        return self.size, self.mtime_ns, self.kind

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """What stays the same when it gets another name."""
        return self.device, self.inode, self.size, self.mtime_ns


@dataclass(slots=True)
class Listing:
    """A folder at one moment."""

    entries: dict[bytes, Entry] = field(default_factory=dict)
    unreadable: list[bytes] = field(default_factory=list)
    """Folders in it that can't be looked into: nobody knows whether what was in them is still there."""

    def hides(self, path: bytes) -> bool:
        """Whether a path lies in a folder that can't be looked into."""
        return any(path.startswith(folder + b"/") for folder in self.unreadable)


def list_folder(folder: Path, home: Path, *, subfolders: bool) -> Listing:
    """All that lies in a folder and may be something dropped: without hidden names, labs' homes, and the lab's own
    files.

    Args:
        folder: resolved.
        home: the lab's.

    Raises:
        InboxError: the folder itself can't be looked into.
    """
    listing = Listing()
    root = os.fsencode(folder)
    todo = [b""]
    while todo:
        below = todo.pop()
        try:
            with os.scandir(root + b"/" + below) as entries:
                found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        except FileNotFoundError as error:
            if below:
                continue  # it went away while this looked
            raise _unreadable(folder, error) from error
        except OSError as error:
            if not below:
                raise _unreadable(folder, error) from error
            listing.unreadable.append(below)
            listing.entries[below] = Entry(below, 0, 0, 0, 0, "folder")
            continue
        for name, facts in found:
            path = below + b"/" + name if below else name
            if stat.S_ISDIR(facts.st_mode):
                if subfolders and not _is_left_out(name, below, root, home):
                    todo.append(path)
            elif not name.startswith(b".") and not _is_ours(name):
                listing.entries[path] = _entry(path, name, facts)
    return listing


def entry_at(file: Path) -> Entry:
    """One name, as it is now; its path is the name alone.

    Raises:
        OSError: it is not there, or can't be looked at.
    """
    name = os.fsencode(file.name)
    return _entry(name, name, file.lstat())


def _entry(path: bytes, name: bytes, facts: os.stat_result) -> Entry:
    kind: Mapping[int, EntryKind] = {stat.S_IFREG: "file", stat.S_IFLNK: "link"}
    lower = name.lower()
    return Entry(
        path,
        facts.st_size,
        facts.st_mtime_ns,
        facts.st_dev,
        facts.st_ino,
        kind.get(stat.S_IFMT(facts.st_mode), "special"),
        lower.endswith(_TEMPORARY_ENDINGS) or lower.startswith(_TEMPORARY_BEGINNINGS),
    )


def _is_ours(name: bytes) -> bool:
    return name.rpartition(b".")[0].endswith(OURS)


def _is_left_out(name: bytes, below: bytes, root: bytes, home: Path) -> bool:
    """Whether nothing in a folder is ever something dropped."""
    if name.startswith(b".") or (name == REFUSED and not below):
        return True
    path = Path(os.fsdecode(root + b"/" + below + b"/" + name))
    return is_within(path, home) or is_a_home(path)


def _unreadable(folder: Path, error: OSError) -> InboxError:
    return InboxError(
        f"the watched folder {folder} can't be looked into",
        found=error.strerror,
        hint="Mount it, make it again, or give this user the right to read it; what was taken from it is in the lab.",
    )
