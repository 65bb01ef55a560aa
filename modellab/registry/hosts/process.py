"""A worker: `bootstrap.py` begins it; it loads one model and calls it when it is asked to.

It ends with its parent, whatever the native code is doing then: a thread of its own waits for the connection to close.
"""

import os
import queue
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from modellab import memory
from modellab.memory import gc_frozen
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.hosts.stand_in import plain_values
from modellab.registry.hosts.wire import Call, Channel, Load, Made, Progressed, Raised, Reports, Returned
from modellab.registry.loaded import LoadRequest, load_with
from modellab.registry.registry import ModelRegistry
from modellab.registry.threads import torch_threads
from modellab.surfaces.contracts import object_given

_PROGRESS_INTERVAL_S = 0.1
_GIVE_BACK_INTERVAL_S = 20.0


def main() -> None:
    """Serve until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process if it must
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), shares_memory=True)
    incoming: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, incoming), daemon=True).start()
    loaded = _load(channel, incoming.get())
    if loaded is not None:
        _Served(channel, *loaded).serve(incoming)


def _listen(channel: Channel, incoming: "queue.SimpleQueue[Any]") -> None:
    try:
        while True:
            incoming.put(channel.receive())
    finally:
        os._exit(0)  # the parent let go, or is gone


def _load(channel: Channel, order: Load) -> tuple[Any, LoadRequest] | None:
    try:
        request = _request(order)
        with torch_threads(request.facts.threads), gc_frozen():
            model = load_with(ModelRegistry(Path(order.registry)).adapter(request.ref.id), request)
        channel.send(Returned(plain_values(model, request.config.surfaces)))
    except Exception as error:
        channel.send(Raised.of(error))
        return None
    return model, request


def _request(order: Load) -> LoadRequest:
    config = ModelConfig.model_validate(order.config)
    return LoadRequest(
        config=config,
        ref=ModelRef(id=config.id, variant=order.variant),
        variant=config.variants[order.variant],
        weights=None if order.weights is None else Path(order.weights),
        facts=order.facts,
    )


class _Served:
    """A loaded model, and what its calls made."""

    def __init__(self, channel: Channel, model: Any, request: LoadRequest) -> None:
        self._channel, self._threads = channel, request.facts.threads
        self._objects: dict[int, Any] = {0: model}
        self._next = 1

    def serve(self, incoming: "queue.SimpleQueue[Any]") -> None:
        while True:
            call: Call = incoming.get()
            for target in call.forget:
                self._objects.pop(target, None)
            try:
                self._channel.send(self._answer(call))
            except Exception as error:
                self._channel.send(Raised.of(error))

    def _answer(self, call: Call) -> Made | Returned:
        report = _Reporting(self._channel)
        arguments = [report if isinstance(argument, Reports) else argument for argument in call.arguments]
        with torch_threads(self._threads):
            value = getattr(self._objects[call.target], call.method)(*arguments)
        if call.target == 0 and object_given(call.method):
            self._objects[self._next] = value
            self._next += 1
            return Made(self._next - 1)
        return Returned(value)


class _Reporting:
    """Progress as messages, at most ten a second; long calls give memory back on the way."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._next = 0.0
        self._give_back_at = time.monotonic() + _GIVE_BACK_INTERVAL_S

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if now >= self._next or fraction >= 1.0:
            self._next = now + _PROGRESS_INTERVAL_S
            self._channel.send(Progressed(float(fraction)))
        if now >= self._give_back_at:
            memory.release_memory()
            self._give_back_at = time.monotonic() + _GIVE_BACK_INTERVAL_S
