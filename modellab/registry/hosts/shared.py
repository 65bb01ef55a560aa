"""Audio between processes of one machine without a copy through the connection: a file that has no name.

The sender writes the arrays into it once and passes its descriptor along; the receiver maps it. With the last
descriptor and the last map the memory is free, whichever process is killed when, and there is nothing to tidy up. Named
segments (`multiprocessing.shared_memory`) stay in /dev/shm when both ends are killed, and containers give those 64 MiB.
"""

import mmap
import os
import socket
import tempfile
from collections.abc import Sequence
from typing import Any

_ALIGNMENT_BYTES = 64
"""Where arrays begin: at the lines of a CPU's cache, as numpy's own do."""


class SharedBuffers:
    """Buffers in a file without a name. To be closed once its descriptor was passed on.

    Args:
        buffers: what to write there, in order.

    Raises:
        OSError: there is no room for them.
    """

    def __init__(self, buffers: Sequence[memoryview]) -> None:
        self.descriptor = _nameless()
        try:
            for offset, buffer in zip(offsets([buffer.nbytes for buffer in buffers]), buffers, strict=False):
                _write(self.descriptor, buffer, offset)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        os.close(self.descriptor)


def offsets(sizes: Sequence[int]) -> list[int]:
    """Where buffers of these sizes in bytes begin; last, the size of the whole."""
    places = [0]
    for size in sizes:
        places.append(places[-1] + -(-size // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES)
    return places


def mapped(descriptor: int, sizes: Sequence[int]) -> list[memoryview]:
    """The buffers of a file that another process wrote, whose descriptor is then closed.

    They can be written to: what is written stays with this process.

    Raises:
        ValueError: the file is smaller than that.
    """
    places = offsets(sizes)
    try:
        last = places[-2] + sizes[-1]
        if os.fstat(descriptor).st_size < last:  # touching a page behind its end would end the process
            raise ValueError(f"shared memory of {os.fstat(descriptor).st_size} bytes, not {last}")
        whole = memoryview(mmap.mmap(descriptor, last, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE))
    finally:
        os.close(descriptor)
    return [whole[place : place + size] for place, size in zip(places, sizes, strict=False)]


def send_with(connection: socket.socket, data: bytes, descriptor: int) -> None:
    """Send all of some bytes, and a descriptor with the first of them."""
    sent = socket.send_fds(connection, [data], [descriptor])
    if sent < len(data):
        connection.sendall(memoryview(data)[sent:])


def receive_with(connection: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """Some bytes, fewer than asked for or none at the end, and the descriptor that came with them, if one did."""
    flags: int = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # or programs that models start would hold it open
    data, descriptors, _, _ = socket.recv_fds(connection, size, 1, flags)
    return data, descriptors


def _nameless() -> int:
    """An empty file in memory where the system has such (Linux), else on the disk, already removed."""
    memfd: Any = getattr(os, "memfd_create", None)
    if memfd is not None:
        return int(memfd("modellab-audio", os.MFD_CLOEXEC))
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(descriptor: int, data: memoryview, offset: int) -> None:
    while data.nbytes:
        count = os.pwrite(descriptor, data, offset)
        data, offset = data[count:], offset + count
