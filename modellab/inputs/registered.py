"""One input of the lab: what is known of it, and whether the lab's copy is still what was registered."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from modellab.errors import InputDamaged, InputRefused
from modellab.files import sha256_file
from modellab.inputs.keys import DIGITS
from modellab.units import length

InputKind = Literal["media", "text"]
"""What an input is: a recording, or a text to be spoken."""
IN_WORDS: Mapping[InputKind, str] = MappingProxyType({"media": "recording", "text": "text"})
"""What people call an input of a kind."""

_compared: dict[str, tuple[int, ...]] = {}
"""SHA-256 -> device, inode, size and times of the copy that this process found to have it."""


@dataclass(frozen=True, slots=True)
class RegisteredInput:
    """One input of the lab."""

    key: str
    """Its partition key, such as `weekly-sync-0a1b2c3d4e5f6789` (`modellab.inputs.keys`)."""
    sha256: str
    """Of its bytes. This alone is what results depend on, never the key's readable part."""
    name: str
    """File name it was first registered under."""
    path: Path
    """The lab's own copy."""
    duration_s: float
    """Length of what decodes, which may be less than the file states; 0 of a text."""
    sample_rate_hz: int
    """0 of a text."""
    channels: int
    """0 of a text."""
    format: str
    """Container and codec, such as `wav/pcm_s16le`; `text/utf-8`."""
    bytes: int
    registered_at: str
    """ISO 8601, UTC."""
    names: tuple[str, ...] = ()
    """Every file name it was registered under, the first one first."""
    warnings: tuple[str, ...] = ()
    """What a user should know of the file, though it decodes: cut off, damaged, more audio streams than one."""
    kind: InputKind = "media"

    @property
    def extent(self) -> str:
        """How much there is to hear, or to speak, for people."""
        return length(self.duration_s) if self.kind == "media" else f"text of {self.bytes:,} bytes"

    @property
    def digits(self) -> str:
        """First 16 hex digits of `sha256`: what a result may call it by, in which no name may stand."""
        return self.sha256[:DIGITS]


def require_kind(source: RegisteredInput, kind: InputKind) -> None:
    """Make sure that an input is what is to be worked on.

    Raises:
        InputRefused: it is of another kind.
    """
    if source.kind != kind:
        raise InputRefused(
            f"{source.name} is a {IN_WORDS[source.kind]}", found=f"input {source.key}", allowed=f"a {IN_WORDS[kind]}"
        )


def check_copy(source: RegisteredInput, *, seen_is_enough: bool = False) -> None:
    """Compare the lab's copy of an input with what was registered, byte for byte.

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
            hint="Run the intact recording again: that repairs the copy."
            if source.kind == "media"
            else "Add the intact text again (modellab inputs add): that repairs the copy.",
        )
    _compared[source.sha256] = seen
