"""A model whose calls are timed: a step's inference is the model alone, not the disk and resampling between them."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from modellab.surfaces.contracts import object_given


class Stopwatch:
    """Adds up the time inside its blocks; a block inside a block counts once.

    Args:
        add: takes the seconds of each block.
    """

    def __init__(self, add: Callable[[float], None]) -> None:
        self._add = add
        self._depth = 0
        self._started = 0.0

    def __enter__(self) -> None:
        if self._depth == 0:
            self._started = time.perf_counter()
        self._depth += 1

    def __exit__(self, *exception: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._add(time.perf_counter() - self._started)


class TimedModel:
    """Stands for a model, or for a stream that it made: every call, and every block that a call yields, is timed."""

    def __init__(self, model: Any, running: AbstractContextManager[None]) -> None:
        self._model, self._running = model, running

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._model, name)
        return self._timed(name, member) if callable(member) else member

    def _timed(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            with self._running:
                given = method(*arguments, **named)
            if isinstance(given, Iterator):
                return self._block_by_block(given)
            return TimedModel(given, self._running) if object_given(name) else given

        return call

    def _block_by_block(self, blocks: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self._running:
                try:
                    block = next(blocks)
                except StopIteration:
                    return
            yield block
