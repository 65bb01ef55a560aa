"""What a folder stands for: the audio and video below it, and an account of everything that was left out."""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import av

from modellab.errors import InputRefused
from modellab.legible import one_line
from modellab.media.opening import MediaFile, kind_of_bytes

_MANIFESTS = frozenset({"hls", "dash"})
"""Formats whose files are lists of other files."""
_MORE_ENDINGS = frozenset({"ape", "mka", "raw", "snd", "wave"})
"""Endings of recordings that none of libav's writers gives its files."""
_AMBIGUOUS_ENDINGS = frozenset({"ts"})
"""Not taken for a recording's unless it is one: TypeScript's too."""
_HEAD_BYTES = 512
_NO_MEDIA = ("text", "unknown bytes")
_NO_SOUND = "without sound"
_SHOWN = 6
"""So many endings and names in the line about what was left out."""


@dataclass(slots=True)
class LeftOut:
    """What lies in folders and is not taken."""

    endings: Counter[str] = field(default_factory=Counter)
    """Files of another kind than is wanted: their ending (`.txt`; empty without one) -> how many."""
    lacking: str = _NO_SOUND
    """What is said of those files."""
    hidden: int = 0
    """Files and folders whose names begin with a dot."""
    special: list[Path] = field(default_factory=list)
    """Pipes, sockets and devices."""
    linked_folders: list[Path] = field(default_factory=list)
    """Links to folders, which are not followed: they may lead anywhere, and in a circle."""
    broken_links: list[Path] = field(default_factory=list)
    homes: list[Path] = field(default_factory=list)
    """Homes of labs, this one's and others: they hold copies of what they were given before."""

    def sentences(self) -> list[str]:
        """A line for people; none when nothing was left out."""
        parts = []
        if self.endings:
            shown = [f"{count} {ending or 'without ending'}" for ending, count in self.endings.most_common(_SHOWN)]
            more = ", …" if len(self.endings) > _SHOWN else ""
            parts.append(f"{_plural(self.endings.total(), 'file')} {self.lacking} ({', '.join(shown)}{more})")
        if self.hidden:
            parts.append(f"{self.hidden} hidden")
        for paths, one in (
            (self.linked_folders, "linked folder not followed"),
            (self.broken_links, "broken link"),
            (self.special, "pipe, socket or device"),
        ):
            if paths:
                more = ", …" if len(paths) > _SHOWN else ""
                parts.append(f"{len(paths)} {one} ({', '.join(one_line(str(path)) for path in paths[:_SHOWN])}{more})")
        parts += [f"a lab's home ({one_line(str(path))})" for path in self.homes]
        return [f"left out: {'; '.join(parts)}"] if parts else []

    def document(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "files": dict(self.endings.most_common()),
            "hidden": self.hidden,
            "special_files": self.special,
            "linked_folders": self.linked_folders,
            "broken_links": self.broken_links,
            "lab_homes": self.homes,
        }


@dataclass(slots=True)
class Found:
    """The files that paths stand for."""

    files: list[Path] = field(default_factory=list)
    """In the order of the paths, in a folder by name. Among them, to be refused by name: folders without any
    recording, folders that can't be read, and the lab's home."""
    left_out: LeftOut = field(default_factory=LeftOut)


def find_media(paths: Iterable[Path], home: Path) -> Found:
    """The files meant by paths: a file stands for itself, whatever it is; a folder for the recordings below it.

    What has an ending that libav gives to sound is taken, also when it is damaged, so that it is refused by name; of
    other files the content says what they are.

    Args:
        home: the lab's, which never becomes input.
    """
    return find_files(paths, home, is_recording)


def find_files(paths: Iterable[Path], home: Path, is_wanted: Callable[[Path], bool], lacking: str = _NO_SOUND) -> Found:
    """The files meant by paths: a file stands for itself, whatever it is; a folder for those of a kind below it.

    Args:
        home: the lab's, which never becomes input.
        is_wanted: whether a file in a folder is of the kind.
        lacking: what is said of files that are not.
    """
    found = Found(left_out=LeftOut(lacking=lacking))
    for path in paths:
        if is_folder(path) and not is_within(path, home):
            found.files += list(_below(path, home, found.left_out, is_wanted)) or [path]
        else:
            found.files.append(path)
    return found


def refused_folder(path: Path, home: Path, wanted: str = "audio or video file") -> InputRefused:
    """Why a folder that `find_files` did not turn into files can't become an input.

    Args:
        wanted: what was looked for.
    """
    name = one_line(path.name or str(path))
    if is_within(path, home):
        return InputRefused(
            f"{name} is the lab's own home, or lies in it", found=str(path), allowed="files from elsewhere"
        )
    try:
        next(path.iterdir(), None)
    except OSError as error:
        return InputRefused(f"{name} can't be read", found=error.strerror, hint="Give this user the right to read it.")
    return InputRefused(f"{name} has no {wanted} in it", hint="Give a file, or another folder.")


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; what may not be seen, or is too long a name, is none."""
    return os.path.isdir(path)  # noqa: PTH112  # `Path.is_dir` raises there


def is_within(folder: Path, home: Path) -> bool:
    """Whether a folder is the lab's home or lies in it."""
    return folder.resolve().is_relative_to(home)


@cache
def sound_endings() -> frozenset[str]:
    """Endings, in lower case and with the dot, that libav gives to files with sound."""
    endings = set(_MORE_ENDINGS)
    for name in av.formats_available - _MANIFESTS:
        try:
            extensions = av.format.ContainerFormat(name, "w").extensions
        except ValueError:  # libav reads it and does not write it
            continue
        with av.open(io.BytesIO(), "w", format=name) as container:
            if container.default_audio_codec not in ("", "none"):
                endings |= extensions
    return frozenset(f".{ending.lower()}" for ending in endings - _AMBIGUOUS_ENDINGS)


def is_recording(path: Path) -> bool:
    """Whether a file of a folder is taken for one: its ending says so, damaged as it may be, or what it holds."""
    return path.suffix.lower() in sound_endings() or _holds_sound(path)


def _below(folder: Path, home: Path, left_out: LeftOut, is_wanted: Callable[[Path], bool]) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        yield folder  # so that it is refused by name
        return
    folders = []
    for entry in listed:
        path = Path(entry.path)
        if entry.name.startswith("."):
            left_out.hidden += 1
        elif entry.is_dir(follow_symlinks=False):
            folders.append(path)
        # Not `Path.exists`, which raises for what may not be seen.
        elif entry.is_symlink() and not os.path.exists(path):  # noqa: PTH110
            left_out.broken_links.append(path)
        elif entry.is_dir():
            left_out.linked_folders.append(path)
        elif not entry.is_file():
            left_out.special.append(path)
        elif is_wanted(path):
            yield path
        else:
            left_out.endings[one_line(path.suffix.lower())] += 1
    for path in folders:
        if is_within(path, home) or is_a_home(path):
            left_out.homes.append(path)
        else:
            yield from _below(path, home, left_out, is_wanted)


def is_a_home(folder: Path) -> bool:
    """Whether a folder is the home of any lab."""
    return is_folder(folder / "inputs") and is_folder(folder / "artifacts" / "records")


def _holds_sound(path: Path) -> bool:
    """Whether a file of any name is a recording: it begins like one, and libav finds an audio stream in it."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return True  # nobody knows: it is refused by name, with the reason
    if kind_of_bytes(head) in _NO_MEDIA and not _begins_with_frame(head):
        return False
    try:
        with MediaFile(path) as media, media.refusing("can't be read"):
            return bool(media.container.streams.audio)
    except InputRefused:
        return False


def _begins_with_frame(head: bytes) -> bool:
    """Whether it begins with the eleven set bits that MPEG audio's frames begin with (MP3 without tags, ADTS)."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
