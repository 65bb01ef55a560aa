"""Registered inputs: media copied into the lab under the SHA-256 of their bytes.

`inputs/<key>/` holds `input.json` and the media itself, named `media` with the original extension. It is a copy, not a
hard link: an editor that saves in place would change a linked file, and with it every result's origin.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from modellab.errors import InputRefused, LabError, TextRefused, UnknownName
from modellab.files import confine, sha256_file, staging_folder, sync_path, write_atomic
from modellab.legible import one_line
from modellab.media.decode import MediaReader
from modellab.names import unknown_name
from modellab.outside import JSON, read_bytes
from modellab.settings import Lab

KEY_DIGITS = 16
_log = logging.getLogger(__name__)
MEDIA_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("3g2", "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dts", "eac3"),
        *("flac", "flv", "m2ts", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mts"),
        *(
            "mxf",
            "oga",
            "ogg",
            "ogv",
            "opus",
            "pcm",
            "ra",
            "raw",
            "rm",
            "snd",
            "spx",
            "tta",
            "vob",
            "voc",
            "w64",
            "wav",
        ),
        *("wave", "webm", "wma", "wmv", "wv"),
    )
)
"""Extensions of audio and video, in lower case: what is looked for in a folder."""

_DESCRIPTION = "input.json"
_LOCK = ".lock"
_KEY = re.compile(r"^[0-9a-f]{1,64}$")
_SUFFIX = re.compile(r"^\.[A-Za-z0-9]{1,8}$")
_LONGEST_NAME = 255
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RegisteredInput:
    """One input of the lab."""

    key: str
    """First 16 hex digits of `sha256`: the input's partition key."""
    sha256: str
    name: str
    """File name it was first registered under."""
    path: Path
    """The lab's own copy."""
    duration_s: float
    """Length of what decodes, which may be less than the file states."""
    sample_rate_hz: int
    channels: int
    format: str
    """Container and codec, such as `wav/pcm_s16le`."""
    bytes: int
    registered_at: str
    """ISO 8601, UTC."""
    names: tuple[str, ...] = ()
    """Every file name it was registered under, the first one first."""
    warnings: tuple[str, ...] = ()
    """What a user should know of the file, though it decodes: cut off, damaged, more audio streams than one."""


class InputStore:
    """The inputs of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._root = lab.inputs
        self._longest_s = lab.settings.longest_recording_h * 3600.0

    def register(self, path: Path) -> RegisteredInput:
        """Bring a media file into the lab, or recognise the input that has the same bytes.

        The whole file is decoded once to be sure of its length and that it can be decoded: about a thousandth of its
        playing time.

        Raises:
            InputRefused: missing, a folder, empty, not media, without an audio stream or samples, longer than the lab's
                setting allows; or its key is taken by other bytes.
        """
        name = clean_name(path.name)
        digest = _readable_sha256(path, name)
        if known := self._known(digest, name):
            return self._named(known, name)
        with staging_folder(self._root) as staged:
            media = staged / f"media{path.suffix.lower() if _SUFFIX.match(path.suffix) else ''}"
            digest = _copy(path, media, name)
            described = _describe(media, digest, name, self._longest_s)
            place = self._place(described.key)
            write_atomic(staged / _DESCRIPTION, _to_json(described))
            sync_path(media)
            try:
                staged.rename(place)
            except OSError:
                if (known := self._known(digest, name)) is None:
                    raise
                return self._named(known, name)
            sync_path(self._root)
        return replace(described, path=place / media.name)

    def get(self, key: str) -> RegisteredInput:
        """The input of that key, SHA-256, or a beginning of either that only one input has.

        Raises:
            UnknownName: none has it, or several have.
        """
        found = (
            []
            if not _KEY.match(key)
            else sorted(path.parent for path in self._root.glob(f"{key[:KEY_DIGITS]}*/input.json"))
        )
        matching = [described for folder in found if (described := self._read(folder)).sha256.startswith(key)]
        if len(matching) == 1:
            return matching[0]
        if not matching:
            raise unknown_name("input", key, (described.key for described in self.all()))
        raise UnknownName(
            f"several inputs begin with {key!r}",
            found=", ".join(f"{described.key} ({described.name})" for described in matching),
            hint="Give more digits.",
        )

    def all(self) -> list[RegisteredInput]:
        """Every input whose description can be read, the first registered first; the others are named in the log."""
        described: list[RegisteredInput] = []
        for path in self._root.glob(f"[0-9a-f]*/{_DESCRIPTION}"):
            try:
                described.append(self._read(path.parent))
            except LabError as error:
                _log.warning("an input is left out: %s", error)
        return sorted(described, key=lambda each: (each.registered_at, each.key))

    @staticmethod
    def expand(paths: Iterable[Path]) -> list[Path]:
        """The files meant by paths: a file stands for itself, whatever it is; a folder for the media files below it.

        In a folder, hidden files and folders are left out, and so is what has not the extension of audio or video
        (`MEDIA_SUFFIXES`): notes and references lie beside recordings. What has such an extension but is no media is
        kept, so that it is refused by name and not passed over. The order is the paths' own, in a folder by name; a
        file met twice counts once.
        """
        files = (file for path in paths for file in (_media_below(path) if path.is_dir() else [path]))
        return list(dict.fromkeys(files))

    def _place(self, key: str) -> Path:
        return confine(self._root / key, self._root)

    def _read(self, folder: Path) -> RegisteredInput:
        try:
            stored = _adapter().validate_json(read_bytes(folder / _DESCRIPTION, JSON))
        except (OSError, TextRefused, ValidationError) as error:
            raise InputRefused(
                f"the description of input {folder.name} is damaged",
                found=str(error).splitlines()[0],
                hint=f"Delete {folder} and register the file again.",
            ) from error
        return replace(stored, path=confine(folder / stored.path, folder))

    def _known(self, sha256: str, name: str) -> RegisteredInput | None:
        """The input with these bytes, if there is one.

        Raises:
            InputRefused: the key belongs to other bytes.
        """
        place = self._place(sha256[:KEY_DIGITS])
        if not (place / _DESCRIPTION).is_file():
            return None
        known = self._read(place)
        if known.sha256 != sha256:
            raise InputRefused(
                f"{name} can't be registered: its key {known.key} belongs to other bytes ({known.name})",
                found=f"SHA-256 {sha256}",
                allowed=f"SHA-256 {known.sha256}",
            )
        return known

    def _named(self, known: RegisteredInput, name: str) -> RegisteredInput:
        """The input, with the name added to those it was registered under."""
        if name in known.names:
            return known
        with FileLock(self._root / _LOCK):
            current = self._read(known.path.parent)
            updated = replace(current, names=tuple(dict.fromkeys((*current.names, name))))
            write_atomic(known.path.parent / _DESCRIPTION, _to_json(updated))
        return updated


def clean_name(name: str) -> str:
    """A file name as it can be stored and shown: no control characters, nothing that is not text, at most 255 long.

    Joiners and marks of direction stay: words of Persian, of India's scripts and some emoji are others without them.
    """
    return one_line(name)[:_LONGEST_NAME]


def _readable_sha256(path: Path, name: str) -> str:
    """The file's hash, once it is plain that it can be read and has audio."""
    with MediaReader(path, name=name):
        pass
    try:
        return sha256_file(path)
    except OSError as error:
        raise InputRefused(f"{name} can't be read", found=error.strerror) from error


def _copy(source: Path, target: Path, name: str) -> str:
    """Copy a file and give the SHA-256 of the copy, which is right even if the source changes meanwhile."""
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reading, target.open("xb") as writing:
            while block := reading.read(_COPY_BYTES):
                digest.update(block)
                writing.write(block)
    except OSError as error:
        raise InputRefused(f"{name} can't be copied into the lab", found=error.strerror) from error
    return digest.hexdigest()


def _describe(media: Path, sha256: str, name: str, longest_s: float) -> RegisteredInput:
    with MediaReader(media, name=name, longest_s=longest_s) as reader:
        for _ in reader.blocks():
            pass
        return RegisteredInput(
            key=sha256[:KEY_DIGITS],
            sha256=sha256,
            name=name,
            path=media,
            duration_s=reader.duration_s,
            sample_rate_hz=reader.info.sample_rate_hz,
            channels=reader.info.channels,
            format=reader.info.format,
            bytes=media.stat().st_size,
            registered_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            names=(name,),
            warnings=tuple(reader.warnings()),
        )


def _media_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in MEDIA_SUFFIXES:
                yield Path(parent) / name


def _adapter() -> TypeAdapter[RegisteredInput]:
    return TypeAdapter(RegisteredInput)


def _to_json(described: RegisteredInput) -> str:
    """With the media's name in the folder in place of its path: the lab's home may move."""
    stored: dict[str, Any] = {**asdict(described), "path": described.path.name}
    return TypeAdapter(dict[str, Any]).dump_json(stored, indent=1).decode()
