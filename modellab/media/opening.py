"""The one way to open media from outside: guarded, whatever is in it.

The file is recognised by its content: libav gets a stream of bytes and never the name, so an MP3 called `.wav` is an
MP3, and a text is nothing. It may open nothing but these bytes: playlists and `ffconcat` scripts that point to other
files or addresses are refused.

Damage makes libav and PyAV raise more than libav's own errors: `OSError` from seeking before the file's beginning,
`IndexError` for streams that appear late, `UnicodeDecodeError`, `ValueError`, `AssertionError`, `MemoryError`. Of a
file from outside each of them says the same: it can't be read. `refusing` makes one refusal of them all.
"""

import ctypes
import errno
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import av

from modellab.errors import InputRefused, LabError

_READ_BYTES = 1 << 20
_LARGEST_ALLOCATION_BYTES = 256 << 20
"""Libav takes memory for sizes that a file states, such as a title of 2 GB in a WAV file of 30 kB, and zeroes it."""
ctypes.CDLL(av._core.__file__).av_max_alloc(ctypes.c_size_t(_LARGEST_ALLOCATION_BYTES))
_SAMPLED_BYTES = 512
_RAW_SUFFIXES = frozenset({".raw", ".pcm"})
_OFFSET_MPEG_TS, _MPEG_TS_PACKET = 0x47, 188
_SIGNATURES = (
    (8, b"AVI ", "an AVI file"),
    (0, b"RIFF", "a broken WAV header"),
    (0, b"RF64", "an RF64 (WAV) file"),
    (0, b"riff\x2e\x91\xcf\x11", "a Wave64 file"),
    (0, b"FORM", "an AIFF file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"OggS", "an Ogg file"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (0, b"ID3", "an MP3 file"),
    (0, b"caff", "a CAF file"),
    (0, b".snd", "an AU file"),
    (0, b"FLV", "an FLV file"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"TTA1", "a TTA file"),
    (0, b"MAC ", "a Monkey's Audio file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"Creative Voice File", "a VOC file"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a Windows Media (ASF) file"),
    (0, b".RMF", "a RealMedia file"),
    (0, b"nut/multimedia container", "a NUT file"),
    (0, b"\x00\x00\x01\xba", "an MPEG programme stream"),
    (0, b"\x0bw", "an AC-3 file"),
    *((4, atom, "an MP4 or QuickTime file") for atom in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
)
"""Where in a file, what stands there, and what the file then is."""
_ISO_FILE = "an MP4 or QuickTime file"
_ISO_INDEX = b"moov"
_MOST_ATOMS = 10_000


class MediaFile:
    """A media file, opened by libav. A context manager.

    Args:
        path: the file.
        name: what errors call it; its own name by default.
        container_format: libav's name of the only container to accept; any by default.

    Raises:
        InputRefused: missing, a folder, empty, unreadable, or nothing that libav knows.
    """

    container: Any
    """PyAV's input container. Whatever is asked of it belongs inside `refusing`."""

    def __init__(self, path: Path, *, name: str | None = None, container_format: str | None = None) -> None:
        self.path, self.name = path, name or path.name
        self._bytes = _Source(open_regular(path, self.name))
        try:
            self.container = self._open_container(container_format)
        except BaseException:
            self._bytes.file.close()
            raise

    def __enter__(self) -> "MediaFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.container.close()
        self._bytes.file.close()

    def refusal(
        self, why: str, *, found: str | None = None, allowed: str | None = None, hint: str | None = None
    ) -> InputRefused:
        """A refusal of this file, to be raised."""
        return InputRefused(f"{self.name} {why}", found=found, allowed=allowed, hint=hint)

    @contextmanager
    def refusing(self, why: str) -> Iterator[None]:
        """Turn whatever the block raises into this file's refusal.

        Args:
            why: what can't be done with the file, such as `can't be decoded`.

        Raises:
            InputRefused: the block raised anything but an error of the lab's own.
        """
        try:
            yield
        except LabError:
            raise
        except Exception as error:
            self.check_read()
            raise self.refusal(why, found=reason(error)) from error

    def check_read(self) -> None:
        """Make sure that what looks like the file's end is not a disk that failed.

        Raises:
            InputRefused: the system could not read the file.
        """
        if self._bytes.error is not None:
            raise self.refusal("can't be read", found=self._bytes.error.strerror) from self._bytes.error

    def tags(self) -> dict[str, str]:
        """The file's own tags by lower-case name: the container's, and what only its first audio stream has.

        Bytes that are not UTF-8 are taken for Windows-1252, which old recorders write.
        """
        with self.refusing("has tags that can't be read"):
            streams = self.container.streams.audio[:1]
            found = [*(stream.metadata for stream in streams), self.container.metadata]
            return {_text(name).lower(): _text(value) for tags in found for name, value in tags.items()}

    def _open_container(self, container_format: str | None) -> Any:
        try:
            return av.open(
                self._bytes,
                format=container_format,
                options={"protocol_whitelist": "none"},
                metadata_errors="surrogateescape",
                buffer_size=_READ_BYTES,
            )
        except Exception as error:
            self.check_read()
            raise self._unrecognised() from error

    def _unrecognised(self) -> InputRefused:
        file = self._bytes.file
        file.seek(0)
        kind = kind_of_bytes(file.read(_SAMPLED_BYTES))
        hint = None
        if kind == _ISO_FILE and not _has_iso_index(file):
            return self.refusal(
                "was cut off before its index",
                found=f"{kind} without the part (moov) that says where its sound is",
                hint="The recorder or a copy stopped before its end; take the whole file, or a tool that repairs MP4.",
            )
        if self.path.suffix.lower() in _RAW_SUFFIXES:
            hint = "Headerless (raw) audio must be given a header first, such as WAV."
        return self.refusal(
            "is not audio or video in a format that can be decoded",
            found=kind if kind in _SAID_IN_FULL else f"{kind} that is damaged or cut off",
            hint=hint,
        )


def open_regular(path: Path, name: str) -> BinaryIO:
    """A file from outside, opened for its bytes.

    Args:
        name: what errors call it.

    Raises:
        InputRefused: missing, a folder, a pipe or device, empty, or unreadable.
    """
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise InputRefused(f"{name} is a folder", allowed="a file")
        if not stat.S_ISREG(facts.st_mode):
            raise InputRefused(f"{name} is not a regular file", found="a device, pipe or socket")
        if facts.st_size == 0:
            raise InputRefused(f"{name} is empty", found="0 bytes")
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputRefused(f"{name} does not exist", found=f"nothing at {path}") from error
    except OSError as error:
        raise InputRefused(f"{name} can't be read", found=error.strerror) from error


class _Source:
    """A file's bytes for libav: without a name, whose extension it would take as a hint, and never raising.

    PyAV prints what its callbacks raise; so a failed read is the file's end, and remembered, and a seek to where no
    file has a place is refused in libav's own way.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self.error: OSError | None = None
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        try:
            return bytes(self.file.read(size))
        except OSError as error:
            self.error = error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return int(self.file.seek(offset, whence))
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


def read_tags(path: Path, *, name: str | None = None) -> Mapping[str, str]:
    """A media file's own tags by lower-case name, as `MediaFile.tags`.

    Raises:
        InputRefused: as `MediaFile`.
    """
    with MediaFile(path, name=name) as media:
        return media.tags()


def reason(error: BaseException) -> str:
    """What an error of libav or PyAV says, in one line and without the names it uses for the stream of bytes."""
    if isinstance(error, MemoryError):
        return (
            "parts larger than any recording's" if isinstance(error, av.FFmpegError) else "more than fits into memory"
        )
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())


_SAID_IN_FULL = ("text", "unknown bytes", "a broken WAV header")


def kind_of_bytes(head: bytes) -> str:
    """What a file that begins like this seems to be."""
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if len(head) > _MPEG_TS_PACKET and head[0] == head[_MPEG_TS_PACKET] == _OFFSET_MPEG_TS:
        return "an MPEG transport stream"
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return "unknown bytes"
    return "text" if all(c.isprintable() or c.isspace() for c in text) else "unknown bytes"


def _has_iso_index(file: Any) -> bool:
    """Whether an MP4 or QuickTime file has its `moov`, going from atom to atom."""
    position, end = 0, file.seek(0, 2)
    for _ in range(_MOST_ATOMS):
        if position + 8 > end:
            return False
        file.seek(position)
        header = file.read(16)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if kind == _ISO_INDEX:
            return True
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8:
            return False
        position += size
    return False


def _text(tag: str) -> str:
    """A tag as text; libav's bytes that are not UTF-8 came as surrogates."""
    raw = tag.encode("utf-8", "surrogateescape")
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
