"""Messages between the lab and a model's host, and the connection they go over."""

import builtins
import socket
import struct
import traceback
from dataclasses import dataclass
from typing import Any

from modellab.errors import LabError, StorageError, error_class
from modellab.registry.hosts import shared
from modellab.registry.hosts.codec import LIMITS, CodecError, allow, decode, encode
from modellab.registry.loaded import ExecutionFacts


@allow
@dataclass(frozen=True, slots=True)
class Reports:
    """Stands for a callback among a call's arguments: its calls come back as `Progressed`."""


@allow
@dataclass(frozen=True, slots=True)
class Load:
    """To the host, once and first: the model to load."""

    config: dict[str, Any]
    """Its config as the lab read it: the folder may have changed since."""
    variant: str
    weights: str | None
    """The folder with its weights, where it has any."""
    facts: ExecutionFacts
    registry: str
    """The folder of models in which the model's lies."""
    package: str | None = None
    """The package that folder is, where it is one."""


@allow
@dataclass(frozen=True, slots=True)
class Call:
    """To the host: a method to call."""

    target: int
    """0 is the model; other numbers are what earlier calls gave (`Made`)."""
    method: str
    arguments: tuple[Any, ...]
    """In the place of a callback for progress there is a `Reports`."""
    forget: tuple[int, ...] = ()
    """Objects that nobody holds any more."""


@allow
@dataclass(frozen=True, slots=True)
class Progressed:
    """From the host, during a call."""

    fraction: float


@allow
@dataclass(frozen=True, slots=True)
class Returned:
    """From the host: a call's end."""

    value: Any


@allow
@dataclass(frozen=True, slots=True)
class Made:
    """From the host: a call's end, where its result is an object that stays there."""

    target: int


@allow
@dataclass(frozen=True, slots=True)
class Raised:
    """From the host: a call's or the load's end by an exception."""

    kind: str
    """The name of its class."""
    words: str
    """Its message."""
    trace: str
    details: dict[str, Any] | None = None
    """What an error of the lab's was made of."""

    @classmethod
    def of(cls, error: BaseException) -> "Raised":
        """An exception as a message."""
        details: dict[str, Any] | None = None
        if isinstance(error, LabError):
            details = {"what": error.what, "found": error.places, "allowed": error.allowed, "hint": error.ways}
        return cls(type(error).__name__, str(error), "".join(traceback.format_exception(error)), details)

    def exception(self) -> Exception:
        """The exception again, with its trace there as a note: the lab's own and Python's as they were, others by name.

        No other class is looked for: the other end's packages may not be installed here.
        """
        error = self._same() or RuntimeError(f"{self.kind}: {self.words}")
        error.add_note(f"In the model's process:\n{self.trace}")
        return error

    def _same(self) -> Exception | None:
        if self.details is not None:
            kind = error_class(self.kind)
            try:
                return kind(**self.details) if kind.__init__ is LabError.__init__ else LabError(**self.details)
            except (TypeError, AttributeError):  # not what an error of the lab's is made of
                return None
        builtin = getattr(builtins, self.kind, None)
        if not (isinstance(builtin, type) and issubclass(builtin, Exception)):
            return None
        try:
            return builtin(self.words)
        except TypeError:  # such as UnicodeDecodeError, which is made of five things
            return None


_HEAD = struct.Struct("<IB")
"""How many parts follow (the text, then the buffers), and whether the buffers lie in shared memory."""
_SIZE = struct.Struct("<Q")
_MOST_PARTS = 1 << 16
_MOST_BUFFER_BYTES = 32 << 30
"""Of one message. Twelve hours of stereo at 48 kHz, the longest recording that a lab takes unless told, are half."""
_SHARED_FROM_BYTES = 1 << 16
"""Below this a copy through the connection is quicker than making and mapping a file."""


class Channel:
    """One end of the connection.

    Args:
        connection: a stream socket.
        shares_memory: whether the other end is a process of this machine at the end of a Unix socket.
    """

    def __init__(self, connection: socket.socket, *, shares_memory: bool) -> None:
        self._connection, self._shares_memory = connection, shares_memory

    def send(self, message: object) -> None:
        """Send a message. Arrays in it go through shared memory, or from their own memory.

        Raises:
            CodecError: it holds what can't be sent; nothing was sent.
            StorageError: there is no memory left for its arrays; nothing was sent.
            OSError: the other end is gone.
        """
        self.send_encoded(*encode(message))

    def send_encoded(self, text: bytes, buffers: list[memoryview]) -> None:
        """Send what `encode` made of a message; raises as `send`."""
        if self._shares_memory and sum(buffer.nbytes for buffer in buffers) >= _SHARED_FROM_BYTES:
            self._send_shared(text, buffers)
            return
        self._connection.sendall(_begin(text, buffers, shared=False))
        for buffer in buffers:
            self._connection.sendall(buffer)

    def receive(self, *, most_text_bytes: int = LIMITS.bytes, most_buffer_bytes: int = _MOST_BUFFER_BYTES) -> Any:
        """The next message; arrays in it may be written to.

        Args:
            most_text_bytes: a message with more text than that is refused unread.
            most_buffer_bytes: likewise for its arrays.

        Raises:
            EOFError: the other end is gone.
            CodecError: what came is no message, or larger than what is read. No other can be received after it.
        """
        head, descriptors = self._read_head()
        count, in_shared = _HEAD.unpack(head)
        if in_shared != len(descriptors):
            raise CodecError(f"a message of {count} parts with {len(descriptors)} descriptors")
        _require("parts", count, _MOST_PARTS, least=1)
        sizes = [size for (size,) in _SIZE.iter_unpack(self._read(_SIZE.size * count))]
        _require("bytes of text", sizes[0], most_text_bytes)
        _require("bytes of audio", sum(sizes[1:]), most_buffer_bytes)
        text = self._read(sizes[0])
        if in_shared:
            return decode(text, shared.mapped(descriptors[0], sizes[1:]))
        return decode(text, [memoryview(self._read(size)) for size in sizes[1:]])

    def ended(self) -> bool:
        """Whether the other end has closed the connection, as far as is known here; takes nothing from it."""
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        self._connection.close()

    def _send_shared(self, text: bytes, buffers: list[memoryview]) -> None:
        try:
            memory = shared.SharedBuffers(buffers)
        except OSError as error:
            raise StorageError(
                "there is no room for audio on its way to or from a model's process", found=error.strerror
            ) from error
        try:
            shared.send_with(self._connection, _begin(text, buffers, shared=True), memory.descriptor)
        finally:
            memory.close()

    def _read_head(self) -> tuple[bytes, list[int]]:
        if not self._shares_memory:
            return bytes(self._read(_HEAD.size)), []
        try:
            data, descriptors = shared.receive_with(self._connection, _HEAD.size)
        except ConnectionError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        return data + bytes(self._read(_HEAD.size - len(data))), descriptors

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view.nbytes:
            try:
                count = self._connection.recv_into(view)
            except ConnectionError as error:
                raise EOFError from error
            if not count:
                raise EOFError
            view = view[count:]
        return data


def _require(what: str, found: int, most: int, least: int = 0) -> None:
    """Raises CodecError: a message says of itself that it is larger than any is."""
    if not least <= found <= most:
        raise CodecError(f"a message of {found:,} {what}", allowed=f"{least:,} to {most:,}")


def _begin(text: bytes, buffers: list[memoryview], *, shared: bool) -> bytes:
    """A message up to where its buffers follow."""
    sizes = [len(text), *(buffer.nbytes for buffer in buffers)]
    return _HEAD.pack(len(sizes), shared) + b"".join(map(_SIZE.pack, sizes)) + text
