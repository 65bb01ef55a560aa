"""Registered inputs: recordings and texts, copied into the lab under the SHA-256 of their bytes.

`inputs/<digits>/` holds `input.json` and the file itself, named `media` or `text` with the original ending. It is a
copy, not a hard link: an editor that saves in place would change a linked file, and with it every result's origin. The
folder is named by the first 16 hex digits of the SHA-256 alone, so that two processes that register the same bytes
under two names at once meet in one place; the first one's name makes the key.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator, Set
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from modellab.disk import require_space
from modellab.errors import InputDamaged, InputRefused, LabError, TextRefused
from modellab.files import sha256_file, staging_folder, sync_path, write_atomic
from modellab.inputs.keys import DIGITS, digits_of, input_key, is_hex
from modellab.inputs.lookup import ambiguous_input, meant_by, the_one_meant, unknown_input
from modellab.inputs.registered import InputKind, RegisteredInput, check_copy, require_kind
from modellab.inputs.texts import FORMAT, check_text, kind_of
from modellab.legible import one_line
from modellab.media.decode import MediaReader
from modellab.outside import JSON, read_bytes
from modellab.settings import Lab
from modellab.trouble import trouble_at

_log = logging.getLogger(__name__)
_DESCRIPTION = "input.json"
_LOCK = ".lock"
_FOLDER = re.compile("[0-9a-f]")
_SUFFIX = re.compile(r"^\.[A-Za-z0-9]{1,8}$")
_LONGEST_NAME = 255
_COPY_BYTES = 1 << 20


class InputStore:
    """The inputs of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._root = lab.inputs
        self._longest_s = lab.settings.longest_recording_h * 3600.0

    def register(self, path: Path, kind: InputKind | None = None, at: datetime | None = None) -> RegisteredInput:
        """Bring a recording or a text into the lab, or recognise the input that has the same bytes.

        A recording is decoded once as a whole, to be sure of its length and that it can be: about a thousandth of its
        playing time. Of an input that is known, the lab's copy is compared with it, and made again if it is damaged.

        Args:
            kind: what the file must be; its ending says it when not given (`.txt` is a text).
            at: when it is registered; now when not given.

        Raises:
            InputRefused: missing, a folder, empty, not media, without an audio stream or samples, longer than the lab's
                setting allows, not a text of at most 1 MiB in UTF-8; or its digits are taken by other bytes.
            StorageError: the disk of the lab's home is full or refuses.
        """
        name = clean_name(path.name)
        kind = kind or kind_of(path)
        digest = _readable_sha256(path, name, kind)
        if known := self._known(digest, name):
            return self._named(self._repaired(known, path, name), name)
        require_space(self._root, path.stat().st_size, name)
        with staging_folder(self._root) as staged:
            copy = staged / f"{kind}{path.suffix.lower() if _SUFFIX.match(path.suffix) else ''}"
            digest = _copy(path, copy, name)
            described = _describe(copy, digest, name, kind, longest_s=self._longest_s, at=at or datetime.now(UTC))
            place = self._place(described.digits)
            write_atomic(staged / _DESCRIPTION, _to_json(described))
            sync_path(copy)
            try:
                staged.rename(place)
            except OSError:
                if (known := self._known(digest, name)) is None:
                    raise
                return self._named(known, name)
            sync_path(self._root)
        return replace(described, path=place / copy.name)

    def take(self, given: Path, kind: InputKind, at: datetime | None = None) -> RegisteredInput:
        """What people give to be worked on: a file, which is registered; where there is none of that name, the input
        that is called so.

        Args:
            at: as of `register`.

        Raises:
            InputRefused: as `register`; or no file and no input is called so, or several inputs are; or it is of
                another kind.
            StorageError: as `register`.
        """
        if not may_be_name(given):
            return self.register(given, kind, at)
        called, everything = str(given), self.all()
        match meant_by(called, everything):
            case [one]:
                require_kind(one, kind)
                return one
            case []:
                unknown = unknown_input(called, everything)
                name = clean_name(called)
                raise InputRefused(
                    f"{name} does not exist",
                    found=f"nothing at {one_line(called)}, and no input that is called so",
                    allowed=f"a file, a folder, or {unknown.allowed}",
                    hint=unknown.hint,
                )
            case several:
                raise ambiguous_input(called, several).become(InputRefused)

    def get(self, key: str) -> RegisteredInput:
        """The input of that key, or of that beginning of a SHA-256 that only one input has.

        Raises:
            UnknownName: none has it, or several have.
        """
        if digits := digits_of(key):
            known = self._at(digits)
            if known is not None and key in (known.key, known.digits):
                return known
        matching = [each for each in self._beginning(key) if each.sha256.startswith(key)]
        match matching:
            case [one]:
                return one
            case []:
                raise unknown_input(key, self.all())
            case several:
                raise ambiguous_input(key, several)

    def find(self, called: str) -> RegisteredInput:
        """The input that people call so (`modellab.inputs.lookup`).

        Raises:
            UnknownName: none is called so, or several are.
        """
        return the_one_meant(called, self.all())

    def with_sha256(self, sha256: str) -> RegisteredInput | None:
        """The input whose bytes have a digest; None where the lab has none."""
        known = self._at(sha256[:DIGITS])
        return known if known is not None and known.sha256 == sha256 else None

    def all(self, *, besides: Set[str] = frozenset()) -> list[RegisteredInput]:
        """Every input whose description can be read, the first registered first; the others are named in the log.

        Args:
            besides: digits of inputs that are left out; their descriptions are not read.
        """
        described: list[RegisteredInput] = []
        for folder in self._folders(besides):
            try:
                described.append(self._read(folder))
            except LabError as error:
                _log.warning("an input is left out: %s", error)
        return sorted(described, key=lambda each: (each.registered_at, each.key))

    def unreadable(self) -> Iterator[tuple[str, str]]:
        """Name of each input's folder whose description can't be read, and what is wrong with it."""
        for folder in self._folders():
            try:
                self._read(folder)
            except LabError as error:
                yield folder.name, str(error)

    def count(self) -> int:
        """How many there are, by the names of their folders alone."""
        return len(self._names())

    def _folders(self, besides: Set[str] = frozenset()) -> Iterator[Path]:
        """The folders that have a description, without those of some names."""
        folders = (self._resolved / name for name in self._names() if name not in besides)
        return (folder for folder in folders if (folder / _DESCRIPTION).exists())

    def _names(self) -> list[str]:
        try:
            with os.scandir(self._resolved) as entries:
                return [entry.name for entry in entries if _FOLDER.match(entry.name)]
        except FileNotFoundError:
            return []

    @cached_property
    def _resolved(self) -> Path:
        """The folder of the inputs, itself maybe behind links. Resolved once: a listing looks at each of thousands."""
        return self._root.resolve()

    def _place(self, digits: str) -> Path:
        return self._resolved / digits

    def _beginning(self, key: str) -> list[RegisteredInput]:
        """The inputs whose digits begin like a key in hex digits, in order."""
        if not is_hex(key):
            return []
        return [self._read(path.parent) for path in sorted(self._resolved.glob(f"{key[:DIGITS]}*/{_DESCRIPTION}"))]

    def _at(self, digits: str) -> RegisteredInput | None:
        place = self._place(digits)
        return self._read(place) if (place / _DESCRIPTION).is_file() else None

    def _read(self, folder: Path) -> RegisteredInput:
        """An input from its folder, which is below the resolved root."""
        try:
            stored = _adapter().validate_json(read_bytes(folder / _DESCRIPTION, JSON))
            path = folder / stored.path
            if digits_of(stored.key) != stored.digits or stored.digits != folder.name:
                raise ValueError(f"key {stored.key} and SHA-256 {stored.sha256} in the folder {folder.name}")
            if stored.path.name != str(stored.path) or path.is_symlink() or folder.is_symlink():
                raise ValueError(f"a copy outside its folder: {stored.path}")
        except (OSError, TextRefused, ValidationError, ValueError) as error:
            raise InputRefused(
                f"the description of input {folder.name} is damaged",
                found=str(error).splitlines()[0],
                hint=f"Delete {folder} and register the file again.",
            ) from error
        return replace(stored, path=path)

    def _known(self, sha256: str, name: str) -> RegisteredInput | None:
        """The input with these bytes, if there is one.

        Raises:
            InputRefused: the digits belong to other bytes.
        """
        known = self._at(sha256[:DIGITS])
        if known is not None and known.sha256 != sha256:
            raise InputRefused(
                f"{name} can't be registered: its digits {known.digits} belong to other bytes ({known.name})",
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


def may_be_name(given: Path) -> bool:
    """Whether what people give can be the name of an input: one word where no file or folder is."""
    return len(given.parts) == 1 and not os.path.lexists(given)


def clean_name(name: str) -> str:
    """A file name as it can be stored and shown: no control characters, nothing that is not text, at most 255 long.

    Joiners and marks of direction stay: words of Persian, of India's scripts and some emoji are others without them.
    """
    return one_line(name)[:_LONGEST_NAME]


def _readable_sha256(path: Path, name: str, kind: InputKind) -> str:
    """The file's hash, once it is plain that it can be read and is a text or has audio."""
    if kind == "text":
        check_text(path, name)
    else:
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


def _describe(
    copy: Path, sha256: str, name: str, kind: InputKind, *, longest_s: float, at: datetime
) -> RegisteredInput:
    """What is known of a copy, which is looked at as a whole: the file that was given may have changed meanwhile."""
    described = RegisteredInput(
        key=input_key(name, sha256),
        sha256=sha256,
        name=name,
        path=copy,
        duration_s=0.0,
        sample_rate_hz=0,
        channels=0,
        format=FORMAT,
        bytes=copy.stat().st_size,
        registered_at=at.isoformat(timespec="milliseconds"),
        names=(name,),
        kind="text",
    )
    if kind == "text":
        check_text(copy, name)
        return described
    with MediaReader(copy, name=name, longest_s=longest_s) as reader:
        for _ in reader.blocks():
            pass
        return replace(
            described,
            duration_s=reader.duration_s,
            sample_rate_hz=reader.info.sample_rate_hz,
            channels=reader.info.channels,
            format=reader.info.format,
            warnings=tuple(reader.warnings()),
            kind="media",
        )


@cache
def _adapter() -> TypeAdapter[RegisteredInput]:
    """Building one takes milliseconds, more than reading an input with it."""
    return TypeAdapter(RegisteredInput)


def _to_json(described: RegisteredInput) -> str:
    """With the copy's name in its folder in place of its path: the lab's home may move."""
    stored: dict[str, Any] = {**asdict(described), "path": described.path.name}
    return TypeAdapter(dict[str, Any]).dump_json(stored, indent=1).decode()
