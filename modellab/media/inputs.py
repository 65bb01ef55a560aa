"""Registered inputs: media copied into the lab under the SHA-256 of their bytes.

`inputs/<key>/` holds `input.json` and the media itself, named `media` with the original extension. It is a copy, not a
hard link: an editor that saves in place would change a linked file, and with it every result's origin.
"""

import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from modellab.disk import require_space
from modellab.errors import InputDamaged, InputRefused, LabError, TextRefused, UnknownName
from modellab.files import confine, sha256_file, staging_folder, sync_path, write_atomic
from modellab.legible import one_line
from modellab.media.decode import MediaReader
from modellab.names import unknown_name
from modellab.outside import JSON, read_bytes
from modellab.settings import Lab
from modellab.trouble import trouble_at

KEY_DIGITS = 16
_log = logging.getLogger(__name__)
_DESCRIPTION = "input.json"
_LOCK = ".lock"
_KEY = re.compile(r"^[0-9a-f]{1,64}$")
_SUFFIX = re.compile(r"^\.[A-Za-z0-9]{1,8}$")
_LONGEST_NAME = 255
_COPY_BYTES = 1 << 20
_compared: dict[str, tuple[int, ...]] = {}
"""SHA-256 -> device, inode, size and times of the copy that this process found to have it."""


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
        playing time. Of an input that is known, the lab's copy is compared with it, and made again if it is damaged.

        Raises:
            InputRefused: missing, a folder, empty, not media, without an audio stream or samples, longer than the lab's
                setting allows; or its key is taken by other bytes.
            StorageError: the disk of the lab's home is full or refuses.
        """
        name = clean_name(path.name)
        digest = _readable_sha256(path, name)
        if known := self._known(digest, name):
            return self._named(self._repaired(known, path, name), name)
        require_space(self._root, path.stat().st_size, name)
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
        for folder in self._folders():
            try:
                described.append(self._read(folder))
            except LabError as error:
                _log.warning("an input is left out: %s", error)
        return sorted(described, key=lambda each: (each.registered_at, each.key))

    def unreadable(self) -> Iterator[tuple[str, str]]:
        """Key of each input whose description can't be read, and what is wrong with it."""
        for folder in self._folders():
            try:
                self._read(folder)
            except LabError as error:
                yield folder.name, str(error)

    def _folders(self) -> Iterator[Path]:
        return (path.parent for path in self._root.glob(f"[0-9a-f]*/{_DESCRIPTION}"))

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

    def _repaired(self, known: RegisteredInput, path: Path, name: str) -> RegisteredInput:
        """The input, its copy made again from a file with its bytes if it is damaged."""
        try:
            check_copy(known)
        except InputDamaged as damage:
            require_space(self._root, path.stat().st_size, name)
            with staging_folder(self._root) as staged:
                if _copy(path, media := staged / known.path.name, name) != known.sha256:
                    raise InputRefused(f"{name} changed while it was read", hint="Try again.") from damage
                sync_path(media)
                with trouble_at(known.path):
                    media.replace(known.path)
                    sync_path(known.path.parent)
            _log.warning("%s The copy was made again from %s.", damage.what, name)
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


def check_copy(source: RegisteredInput, *, seen_is_enough: bool = False) -> None:
    """Compare the lab's copy of a recording with what was registered, byte for byte.

    Args:
        seen_is_enough: take a file for the one this process has compared before when its size and times are the same.

    Raises:
        InputDamaged: it is missing or differs; says what to do.
    """
    seen: tuple[int, ...] = ()
    try:
        facts = source.path.stat()
        seen = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if seen_is_enough and _compared.get(source.sha256) == seen:
            return
        digest = sha256_file(source.path) if facts.st_size == source.bytes else f"{facts.st_size} bytes"
    except OSError as error:
        digest = error.strerror or type(error).__name__
    if digest != source.sha256:
        _compared.pop(source.sha256, None)
        raise InputDamaged(
            f"the lab's copy of {source.name} is damaged: {source.path}",
            found=digest if len(digest) != len(source.sha256) else f"SHA-256 {digest}",
            allowed=f"{source.bytes} bytes with SHA-256 {source.sha256}",
            hint="Run the intact recording again: that repairs the copy.",
        )
    _compared[source.sha256] = seen


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
    with target.open("xb") as writing:
        for block in _blocks(source, name):
            digest.update(block)
            with trouble_at(target):
                writing.write(block)
        with trouble_at(target):
            writing.flush()
    return digest.hexdigest()


def _blocks(source: Path, name: str) -> Iterator[bytes]:
    try:
        with source.open("rb") as reading:
            while block := reading.read(_COPY_BYTES):
                yield block
    except OSError as error:
        raise InputRefused(f"{name} can't be read", found=error.strerror) from error


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


def _adapter() -> TypeAdapter[RegisteredInput]:
    return TypeAdapter(RegisteredInput)


def _to_json(described: RegisteredInput) -> str:
    """With the media's name in the folder in place of its path: the lab's home may move."""
    stored: dict[str, Any] = {**asdict(described), "path": described.path.name}
    return TypeAdapter(dict[str, Any]).dump_json(stored, indent=1).decode()
