"""A loaded model where it runs, and what calls from elsewhere may do with it: what its contracts say, nothing else."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from modellab import memory
from modellab.registry.hosts.codec import CodecError
from modellab.registry.hosts.wire import Call, Made, Progressed, Reports, Returned
from modellab.registry.threads import torch_threads
from modellab.surfaces.contracts import CONTRACTS, methods, object_given

_PROGRESS_INTERVAL_S = 0.1
_GIVE_BACK_INTERVAL_S = 20.0


class ServedModel:
    """A loaded model, and what its calls made.

    Args:
        model: offers what the contracts of `surfaces` ask for.
        surfaces: those whose methods may be called.
        threads: torch's, during calls.
        tell: takes the progress of a call, at most ten times a second.
    """

    def __init__(self, model: Any, surfaces: Iterable[str], threads: int, tell: Callable[[Progressed], None]) -> None:
        self._threads, self._tell = threads, tell
        names = frozenset(name for surface in surfaces for name in methods(CONTRACTS[surface]))
        self._objects: dict[int, tuple[Any, frozenset[str]]] = {0: (model, names)}
        """Number -> an object, and what may be called of it."""
        self._next = 1

    def answer(self, call: Call) -> Made | Returned:
        """Do what is asked.

        Raises:
            CodecError: there is no such object, or no such method of its contract.
            Exception: what the method raises.
        """
        for target in call.forget:
            self._objects.pop(target, None)
        if call.target not in self._objects or call.method not in self._objects[call.target][1]:
            raise CodecError(f"a call of {call.method!r} of object {call.target}, which is not offered")
        report = _Reporting(self._tell)
        arguments = [report if isinstance(argument, Reports) else argument for argument in call.arguments]
        with torch_threads(self._threads):
            value = getattr(self._objects[call.target][0], call.method)(*arguments)
        contract = object_given(call.method) if call.target == 0 else None
        if contract is None:
            return Returned(value)
        self._objects[self._next] = value, frozenset(methods(contract))
        self._next += 1
        return Made(self._next - 1)


class _Reporting:
    """Progress as messages, at most ten a second; long calls give memory back on the way."""

    def __init__(self, tell: Callable[[Progressed], None]) -> None:
        self._tell = tell
        self._next = 0.0
        self._give_back_at = time.monotonic() + _GIVE_BACK_INTERVAL_S

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if now >= self._next or fraction >= 1.0:
            self._next = now + _PROGRESS_INTERVAL_S
            self._tell(Progressed(float(fraction)))
        if now >= self._give_back_at:
            memory.release_memory()
            self._give_back_at = time.monotonic() + _GIVE_BACK_INTERVAL_S
