"""Messages between the lab and a worker: Python objects over a socket, arrays without a copy in between.

Both ends are the lab's own code of the same version and user, so objects are pickled; a worker is kept apart for what
its native code may do to its process by accident, not as a guard against malice.
"""

import pickle
import socket
import struct
from dataclasses import dataclass
from typing import Any

from modellab.registry.loaded import LoadRequest


@dataclass(frozen=True, slots=True)
class Reports:
    """Stands for a callback among a call's arguments: its calls come back as `Progressed`."""


@dataclass(frozen=True, slots=True)
class Load:
    """To the worker, once and first: the model to load."""

    request: LoadRequest
    registry: str
    """The folder of models."""


@dataclass(frozen=True, slots=True)
class Call:
    """To the worker: a method to call."""

    target: int
    """0 is the model; other numbers are what earlier calls gave (`Made`)."""
    method: str
    arguments: tuple[Any, ...]
    """In the place of a callback for progress there is a `Reports`."""
    forget: tuple[int, ...] = ()
    """Objects that nobody holds any more."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """From the worker, during a call."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Returned:
    """From the worker: a call's end."""

    value: Any


@dataclass(frozen=True, slots=True)
class Made:
    """From the worker: a call's end, where its result is an object that stays there."""

    target: int


@dataclass(frozen=True, slots=True)
class Raised:
    """From the worker: a call's or the load's end by an exception."""

    pickled: bytes | None
    """None where it can't be."""
    words: str
    """Type and message."""
    trace: str


_COUNT = struct.Struct("<I")
_SIZE = struct.Struct("<Q")


class Channel:
    """One end of the connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, message: object) -> None:
        """Send a message; large arrays in it go from their own memory.

        Raises:
            OSError: the other end is gone.
        """
        buffers: list[pickle.PickleBuffer] = []
        head = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
        parts = [memoryview(head), *(buffer.raw() for buffer in buffers)]
        self._connection.sendall(_COUNT.pack(len(parts)) + b"".join(_SIZE.pack(part.nbytes) for part in parts))
        for part in parts:
            self._connection.sendall(part)

    def receive(self) -> Any:
        """The next message; arrays in it may be written to.

        Raises:
            EOFError: the other end is gone.
        """
        [count] = _COUNT.unpack(self._read(_COUNT.size))
        sizes = [_SIZE.unpack(self._read(_SIZE.size))[0] for _ in range(count)]
        head, *buffers = [self._read(size) for size in sizes]
        return pickle.loads(head, buffers=buffers)

    def close(self) -> None:
        self._connection.close()

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
