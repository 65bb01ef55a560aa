"""Reading PyTorch files without running code hidden in them.

A PyTorch file is a pickle: opened without care, it runs what it likes. A file of a weights folder is read once, as
bytes, and only tensors, plain values and the classes that a caller allows are made of it. Nobody opens it again.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modellab.errors import WeightsCorrupt


def read_checkpoint(path: Path, allowed: Sequence[type] = (), what: str = "PyTorch checkpoint") -> Any:
    """What a PyTorch file holds, on the CPU.

    Args:
        allowed: classes that it may hold besides tensors and plain values.
        what: what it should be, for errors.

    Raises:
        WeightsCorrupt: it is missing, is no such file, or holds anything else.
    """
    return unpickle(read_weights(path), str(path), allowed, what)


def read_weights(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        WeightsCorrupt: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsCorrupt(f"{path} can't be read", found=error.strerror) from error


def unpickle(data: bytes, name: str, allowed: Sequence[type] = (), what: str = "PyTorch checkpoint") -> Any:
    """What the bytes of a PyTorch file hold, on the CPU; arguments and errors as for `read_checkpoint`."""
    import torch

    try:
        with torch.serialization.safe_globals(list(allowed)):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # a file made to break its reader breaks it in many ways
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsCorrupt(f"{name} is not a {what} that is safe to open", found=first) from error
