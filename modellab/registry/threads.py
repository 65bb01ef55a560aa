"""Torch's global thread count: set for one model's work and put back, since some packages change it for everybody."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from modellab.registry.devices import usable_cores

_lock = threading.Lock()
_inside: dict[int, int] = {}
"""Thread -> how many blocks it is in."""
_outside: int | None = None
"""Torch's count when no thread was in a block; None while torch is not imported."""


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let the block run with that many torch threads; afterwards torch has as many as before.

    Torch is never imported for this. When the block itself imports it, whatever the block's packages set is undone:
    torch then gets the cores this process may use, which is its own default. Blocks of several threads may overlap:
    what counts as before is what was set when none was in one.
    """
    before = _enter(count)
    try:
        yield
    finally:
        _leave(before)


def _enter(count: int) -> int | None:
    """Begin a block; returns what to put back after it."""
    global _outside  # noqa: PLW0603 (the count is one for the process)
    thread = threading.get_ident()
    with _lock:
        before = _get()
        if not _inside:
            _outside = before
        elif thread not in _inside:
            before = _outside
        _inside[thread] = _inside.get(thread, 0) + 1
        if before is not None:
            _set(count)
    return before


def _leave(before: int | None) -> None:
    thread = threading.get_ident()
    with _lock:
        _inside[thread] -= 1
        if not _inside[thread]:
            del _inside[thread]
        _set(before if before is not None else usable_cores())


def _get() -> int | None:
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


def _set(count: int) -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != count:
        torch.set_num_threads(count)
