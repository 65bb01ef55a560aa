"""A folder from outside, listed once: what is in it, by name, and nothing beyond it."""

import os
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from modellab.errors import InputRefused
from modellab.legible import one_line
from modellab.media.folders import is_folder, is_within, refused_folder, sound_endings

_MOST_FILES = 2_000_000
_SHOWN = 200


class NotThere(Exception):
    """A file that a table names can't be had; its words say why."""


class Folder:
    """The files below a folder. Hidden ones, links to folders and the homes of labs are not looked into.

    Args:
        root: the folder.
        home: the lab's, which never becomes input.

    Raises:
        InputRefused: it is no folder, can't be read, lies in the lab's home, or holds too many files.
    """

    def __init__(self, root: Path, home: Path) -> None:
        if not is_folder(root):
            raise InputRefused(f"{one_line(str(root))} is not a folder")
        if is_within(root, home):
            raise refused_folder(root, home)
        self.root = root.resolve()
        self.files: list[str] = []
        """Paths with `/` between names, in order."""
        self.unusable: dict[str, str] = {}
        """File or folder -> why it can't be taken: a link out of the folder, a name that no manifest can hold."""
        todo = [""]
        while todo:
            todo += self._list(todo.pop(), home)
            if len(self.files) > _MOST_FILES:
                raise InputRefused(f"{self.root} holds too many files", allowed=f"{_MOST_FILES:,}")
        self.files.sort()
        self.known = frozenset(self.files)

    @cached_property
    def media(self) -> list[str]:
        """Files with an ending of recordings."""
        return [file for file in self.files if posixpath.splitext(file)[1].lower() in sound_endings()]

    @cached_property
    def media_by_stem(self) -> dict[str, list[str]]:
        """Name without ending -> recordings of that name, wherever they lie."""
        return _by(self.media, lambda file: posixpath.splitext(posixpath.basename(file))[0])

    @cached_property
    def _by_composed(self) -> dict[str, list[str]]:
        return _by(self.files, lambda file: unicodedata.normalize("NFC", file))

    def path(self, file: str) -> Path:
        """Where a file lies."""
        return self.root / file

    def ending_with(self, *endings: str) -> list[str]:
        """Files whose names end so, whatever the case."""
        return [file for file in self.files if file.lower().endswith(endings)]

    def find(self, named: str, beside: str = "") -> str:
        """The file that a table names: from the table's own folder, else from here; or by its whole path.

        Letters with marks are the same however they are composed: macOS and Linux write them differently.

        Raises:
            NotThere: it is not there, leads out of the folder, or is unusable.
        """
        shown = one_line(named)[:_SHOWN]
        if not named or "\0" in named:
            raise NotThere("names no file")
        if posixpath.isabs(named):
            tried = [self._inside(named)]
        else:
            tried = [posixpath.normpath(posixpath.join(base, named)) for base in dict.fromkeys((beside, ""))]
        for path in tried:
            if path is None or path == ".." or path.startswith("../"):
                continue
            if path in self.known:
                return path
            if path in self.unusable:
                raise NotThere(f"{shown} {self.unusable[path]}")
            if len(alike := self._by_composed.get(unicodedata.normalize("NFC", path), [])) == 1:
                return alike[0]
        if all(path is None or path == ".." or path.startswith("../") for path in tried):
            raise NotThere(f"{shown} leads out of {self.root}")
        raise NotThere(f"{shown} is not there")

    def _inside(self, absolute: str) -> str | None:
        """An absolute path as one from here; None where it leads elsewhere."""
        for path in (posixpath.normpath(absolute), os.path.realpath(absolute)):
            if path.startswith(f"{self.root}/"):
                return path[len(str(self.root)) + 1 :]
        return None

    def _list(self, below: str, home: Path) -> list[str]:
        """Take what is in one folder; gives the folders in it."""
        try:
            with os.scandir(self.root / below) as entries:
                listed = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            if not below:
                raise InputRefused(f"{self.root} can't be read", found=error.strerror) from error
            self.unusable[below] = f"can't be read: {error.strerror}"
            return []
        folders = []
        for entry in listed:
            name = posixpath.join(below, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if not is_within(Path(entry.path), home):
                    folders.append(name)
            elif entry.is_symlink() and (why := self._refused_link(entry)):
                self.unusable[name] = why
            elif not entry.is_file():
                self.unusable[name] = "is a pipe, a socket or a device"
            elif why := _refused_name(name):
                self.unusable[name] = why
            else:
                self.files.append(name)
        return folders

    def _refused_link(self, entry: os.DirEntry[str]) -> str | None:
        target = os.path.realpath(entry.path)
        if not target.startswith(f"{self.root}/"):
            return f"is a link out of the folder, to {one_line(target)}"
        if not os.path.exists(target):  # noqa: PTH110  # `Path.exists` raises for what may not be seen
            return "is a broken link"
        return "is a link to a folder, which is not followed" if entry.is_dir() else None


def _refused_name(name: str) -> str | None:
    if "\\" in name:
        return "has a backslash in its name, which a manifest can't hold"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    return None


def _by(files: list[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        found[key(file)].append(file)
    return dict(found)
