"""The models of one process that run on servers: which they are, and the connections to them."""

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from modellab.errors import ModelConfigError, ServerRefused, ServerUnreachable, UsageError
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.registry import ModelRegistry
from modellab.settings import Address, Settings
from modellab.surfaces.names import can_be_remote

if TYPE_CHECKING:
    from modellab.registry.hosts.handshake import Served
    from modellab.registry.hosts.remote import RemoteModel

_DOWN_FOR_S = 3.0
"""So long is a server that could not be reached not tried again: a model has many variants, a pipeline many steps."""


class Remotes:
    """The models of one process that run on servers, as its settings say, and the connections to them.

    Args:
        settings: which models, where, and the token.
    """

    def __init__(self, settings: Settings) -> None:
        self._servers = dict(settings.remote_models)
        self._token = settings.serve_token.get_secret_value() if settings.serve_token else None
        self._lock = threading.Lock()
        """Guards what follows; held while a server is asked, for a few seconds at most."""
        self._connected: dict[ModelRef, RemoteModel] = {}
        self._told: dict[ModelRef, Served] = {}
        """What was last said of a model, by which its results are named."""
        self._down: dict[Address, tuple[float, ServerUnreachable]] = {}
        """Server -> until when it counts as not to be reached, and why."""

    def server(self, model_id: str) -> Address | None:
        """Where a model runs; None for here."""
        return self._servers.get(model_id)

    def look(self, ref: ModelRef) -> "Served":
        """What a model is on its server, asked now, over a connection that is not kept; raises as `served`."""
        with self._lock:
            connection = self._connected.get(ref)
            if connection and connection.alive:
                return connection.served
            connection = self._connect(ref)
            connection.close()
            return connection.served

    def served(self, ref: ModelRef) -> "Served":
        """What a model is on its server, by which its results are named. It stays so while the connection lasts.

        Raises:
            ServerUnreachable: nothing that serves models answers there.
            ServerRefused: it does not serve this model, or not to this lab.
        """
        with self._lock:
            served = self._told[ref] = self._connection(ref).served
        return served

    def open(self, ref: ModelRef, config: ModelConfig) -> "RemoteModel":
        """A model ready for calls.

        Raises:
            ServerRefused: it is another one by now than `served` said. Raises as that, too.
            LabError: it can't be loaded there.
        """
        with self._lock:
            connection = self._connection(ref)
            told = self._told.get(ref)
        if told is not None and told.identity != connection.served.identity:
            raise ServerRefused(
                f"{connection.who} has another model {ref} than a moment ago",
                hint="The next input takes it as it is now.",
            )
        try:
            connection.open(config)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Let all connections go."""
        with self._lock:
            for connection in self._connected.values():
                connection.close()
            self._connected.clear()

    def _connection(self, ref: ModelRef) -> "RemoteModel":
        connection = self._connected.get(ref)
        if connection is None or not connection.alive:
            connection = self._connected[ref] = self._connect(ref)
        return connection

    def _connect(self, ref: ModelRef) -> "RemoteModel":
        server = self._servers[ref.id]
        until, why = self._down.get(server, (0.0, None))
        if why is not None and time.monotonic() < until:
            raise why.become(ServerUnreachable)
        from modellab.registry.hosts.remote import RemoteModel  # with all that messages are made of

        try:
            return RemoteModel(server, ref, self._token)
        except ServerUnreachable as error:
            self._down[server] = time.monotonic() + _DOWN_FOR_S, error
            raise


def require_remote(model_ids: Iterable[str], registry: ModelRegistry) -> None:
    """Raise what keeps models from running on servers, such as a typo in the setting, which would run one here.

    Raises:
        UnknownName: there is no such model.
        UsageError: a model can't run on a server.
    """
    for model_id in model_ids:
        registry.folder(model_id)
        try:
            config = registry.get(model_id)
        except ModelConfigError:
            continue  # whoever uses it hears of it
        if unfit := [surface for surface in config.surfaces if not can_be_remote(surface)]:
            raise UsageError(
                f"model {model_id} can't run on a server: {', '.join(unfit)} gives bit by bit",
                hint="Let it run here: it is no model for MODELLAB_REMOTE_MODELS.",
            )
        if config.service is not None:
            raise UsageError(
                f"model {model_id} can't run on a server: it is a service itself",
                hint="Let it be asked from here: it is no model for MODELLAB_REMOTE_MODELS.",
            )
        if any(variant.given for variant in config.variants.values()):
            raise UsageError(
                f"model {model_id} can't run on a server: its weights lie in a folder of this machine",
                hint="Let it run here: it is no model for MODELLAB_REMOTE_MODELS.",
            )
