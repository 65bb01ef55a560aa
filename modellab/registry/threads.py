"""Torch's global thread count: set for one model's work and put back, since some packages change it for everybody."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from modellab.registry.devices import usable_cores


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let the block run with that many torch threads; afterwards torch has as many as before.

    Torch is never imported for this. When the block itself imports it, whatever the block's packages set is undone:
    torch then gets the cores this process may use, which is its own default.
    """
    before = _get()
    if before is not None:
        _set(count)
    try:
        yield
    finally:
        _set(before if before is not None else usable_cores())


def _get() -> int | None:
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


def _set(count: int) -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != count:
        torch.set_num_threads(count)
