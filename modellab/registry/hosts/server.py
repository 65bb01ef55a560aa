"""A server of models: labs elsewhere call the models of this process as if these were in theirs.

Each connection is one lab's, with one model, and has a thread; calls of one model take turns. What a lab sends is data
from outside: it can name models that are served and call what their contracts offer, nothing else. Its audio and its
results go over the connection as they are, unencrypted.
"""

import ipaddress
import logging
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from modellab.errors import LabError, ServerRefused, UsageError, WorkerDied
from modellab.legible import legible
from modellab.registry.config import ModelRef
from modellab.registry.hosts.codec import CodecError
from modellab.registry.hosts.handshake import Greeting, Hello, Open, Opened, Served, protocol, proves
from modellab.registry.hosts.remote import keep_alive
from modellab.registry.hosts.remotes import require_remote
from modellab.registry.hosts.served import ServedModel
from modellab.registry.hosts.stand_in import plain_values
from modellab.registry.hosts.wire import Call, Channel, Progressed, Raised
from modellab.registry.loaded import LoadedModel
from modellab.registry.machine import this_machine
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Address, Lab

_log = logging.getLogger(__name__)
_MOST_CLIENTS = 64
_HELLO_S = 10.0
_HELLO_BYTES = 4096
_STALLED_S = 60.0
"""A lab that takes no progress for so long is given up: others wait for the model."""
SHORTEST_TOKEN = 16


@dataclass(slots=True)
class _Model:
    """One model that is served."""

    ref: ModelRef
    served: Served
    turn: threading.Lock = field(default_factory=threading.Lock)
    called: Any = None
    """The loaded object that was called last: the one in memory is warm if it is that."""


class Server:
    """Listens from the moment it is made, so that what is wrong with its address is known before models are loaded.

    Args:
        models: loads and keeps them, here.
        host: where to listen.
        port: 0 for one that is free.
        token: what labs must know; None for nothing, where only this machine can connect.

    Raises:
        UsageError: the address can't be listened at; others could connect and there is no token, or it is too short.
    """

    def __init__(self, models: Models, host: str, port: int, token: str | None) -> None:
        self._models, self._token = models, token
        self._served: Mapping[str, _Model] = {}
        self._room = threading.BoundedSemaphore(_MOST_CLIENTS)
        if token is not None and len(token) < SHORTEST_TOKEN:
            raise UsageError("the token of the server is too short", allowed=f"{SHORTEST_TOKEN} characters or more")
        self._socket = _listening(host, port, needs_token=token is None)
        self.address = Address(*self._socket.getsockname()[:2])

    def load(self, refs: Sequence[ModelRef]) -> None:
        """Load the models and learn what they are, so that labs are answered at once.

        Raises:
            LabError: one can't run here.
        """
        machine = this_machine()
        for ref in refs:
            identity = self._models.identity(ref)
            facts = replace(self._models.acquire(ref).facts, machine=machine.id)
            rates_hz = self._models.registry.get(ref.id).rates_hz
            served = Served(identity, rates_hz, facts, machine, self._models.availability(ref).weights)
            self._served = {**self._served, str(ref): _Model(ref, served)}

    @property
    def names(self) -> list[str]:
        """The models that are served: `id:variant`."""
        return list(self._served)

    def serve(self) -> None:
        """Take labs until something interrupts it."""
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._take, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _take(self, connection: socket.socket) -> None:
        """One lab, from its connection to its end, which is nobody else's."""
        channel = Channel(connection, shares_memory=False)
        room = self._room.acquire(blocking=False)
        try:
            keep_alive(connection)
            connection.settimeout(_HELLO_S)
            if not room:
                raise ServerRefused("the server has as many connections as it takes", allowed=str(_MOST_CLIENTS))
            model = self._meet(channel)
            channel.send(model.served)
            connection.settimeout(None)
            self._talk(connection, channel, model)
        except (EOFError, OSError, CodecError) as error:
            _log.info("a connection ended: %s", error)
        except LabError as error:
            _refuse(channel, error)
        except Exception:
            _log.exception("a connection failed")
        finally:
            connection.close()
            if room:
                self._room.release()

    def _meet(self, channel: Channel) -> _Model:
        """The model that a lab wants, which may have it.

        Raises:
            ServerRefused: it may not.
        """
        challenge = secrets.token_hex(32)
        channel.send(Greeting(protocol(), challenge))
        hello = channel.receive(most_text_bytes=_HELLO_BYTES, most_buffer_bytes=0)
        if not isinstance(hello, Hello) or hello.protocol != protocol():
            raise ServerRefused("the server runs another version of Model Lab", allowed=f"protocol {protocol()}")
        if self._token is not None and not proves(str(hello.proof), self._token, challenge):
            raise ServerRefused(
                "the server wants a token, and this lab's is another one or none",
                hint="Set MODELLAB_SERVE_TOKEN here to what it is there.",
            )
        if (model := self._served.get(str(hello.model))) is None:
            raise ServerRefused(
                f"the server of model {legible(str(hello.model))} does not serve it",
                allowed=", ".join(self._served),
                hint="Start it with that one too: modellab models serve MODEL... --port N",
            )
        return model

    def _talk(self, connection: socket.socket, channel: Channel, model: _Model) -> None:
        opening = channel.receive()
        try:
            surfaces = _shared_surfaces(opening, model)
            with self._models.lease(model.ref) as loaded:
                channel.send(Opened(plain_values(loaded.model, surfaces), model.called is loaded.model))
                self._answer_calls(connection, channel, model, loaded, surfaces)
        except (EOFError, OSError, CodecError):
            raise
        except Exception as error:
            channel.send(Raised.of(error))

    def _answer_calls(
        self,
        connection: socket.socket,
        channel: Channel,
        model: _Model,
        loaded: LoadedModel,
        surfaces: Sequence[str],
    ) -> None:
        def tell(progress: Progressed) -> None:
            connection.settimeout(_STALLED_S)
            channel.send(progress)
            connection.settimeout(None)

        served = ServedModel(loaded.model, surfaces, loaded.facts.threads, tell)
        while isinstance(call := channel.receive(), Call):
            try:
                with model.turn:
                    if channel.ended():
                        return
                    model.called = loaded.model
                    answer: Any = served.answer(call)
            except Exception as error:
                if channel.ended():
                    return
                channel.send(Raised.of(error))
                if isinstance(error, WorkerDied):
                    return  # the lab connects again, and gets a new process
            else:
                channel.send(answer)


@contextmanager
def serving(lab: Lab, registry: ModelRegistry, names: Sequence[str], host: str, port: int) -> Iterator[Server]:
    """A server with its models loaded, ready for `serve`. Whatever the lab's settings say, they run in this process
    or in workers of it, not on other servers.

    Raises:
        UnknownName: there is no such model.
        UsageError: the address can't be listened at, or is open to others without a token; a model can't be served.
        LabError: a model can't run here.
    """
    refs = list(dict.fromkeys(registry.resolve(name)[1] for name in names))
    require_remote([ref.id for ref in refs], registry)
    token = lab.settings.serve_token
    here = Lab(lab.settings.model_copy(update={"remote_models": ()}))
    with Models(here, registry) as models:
        server = Server(models, host, port, token.get_secret_value() if token else None)
        try:
            server.load(refs)
            yield server
        finally:
            server.close()


def _shared_surfaces(opening: object, model: _Model) -> Sequence[str]:
    """The surfaces that a lab knows a model by.

    Raises:
        ServerRefused: it has not all of them here.
    """
    surfaces = opening.surfaces if isinstance(opening, Open) else ()
    if not surfaces or set(surfaces) - set(model.served.rates_hz):
        raise ServerRefused(
            f"model {model.ref} has other surfaces on the server",
            found=", ".join(map(str, surfaces)),
            allowed=", ".join(model.served.rates_hz),
            hint="Install the same version on both machines.",
        )
    return surfaces


def _refuse(channel: Channel, error: LabError) -> None:
    """Say why, without what a trace says of this machine: whoever is there may not be allowed to know."""
    try:
        channel.send(replace(Raised.of(error), trace=""))
    except OSError as gone:
        _log.info("a connection ended: %s", gone)


def _listening(host: str, port: int, *, needs_token: bool) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise UsageError(f"{host} is no address of this machine", found=error.strerror or str(error)) from error
    if needs_token and not ipaddress.ip_address(str(place[0]).partition("%")[0]).is_loopback:
        raise UsageError(
            f"other machines could use the models at {host}, and there is no token",
            hint=[
                "Set MODELLAB_SERVE_TOKEN, in the environment or in the file .env, to a long random text"
                ' (python -c "import secrets; print(secrets.token_urlsafe())"), here and in the labs that use it.',
                "Or leave --host out: then only this machine can connect.",
            ],
        )
    try:
        return socket.create_server(place[:2], family=family, backlog=_MOST_CLIENTS)
    except OSError as error:
        raise UsageError(f"{host} can't be listened at, port {port}", found=error.strerror) from error
