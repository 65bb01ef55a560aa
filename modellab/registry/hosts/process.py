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
from pathlib import Path
from typing import Any

from modellab.memory import gc_frozen
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.hosts.served import ServedModel
from modellab.registry.hosts.stand_in import plain_values
from modellab.registry.hosts.wire import Channel, Load, Raised, Returned
from modellab.registry.loaded import LoadRequest, load_with
from modellab.registry.places import Place
from modellab.registry.registry import ModelRegistry
from modellab.registry.threads import torch_threads


def main() -> None:
    """Serve until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process if it must
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), shares_memory=True)
    incoming: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, incoming), daemon=True).start()
    loaded = _load(channel, incoming.get())
    if loaded is not None:
        model, request = loaded
        served = ServedModel(model, request.config.surfaces, request.facts.threads, channel.send)
        _serve(channel, served, incoming)


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
            place = Place(Path(order.registry), "the lab", order.package)
            model = load_with(ModelRegistry(places=[place]).adapter(request.ref.id), request)
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


def _serve(channel: Channel, served: ServedModel, incoming: "queue.SimpleQueue[Any]") -> None:
    while True:
        try:
            channel.send(served.answer(incoming.get()))
        except Exception as error:
            channel.send(Raised.of(error))
