"""The lab's end of a model on a server: another machine, or another program of this one."""

import socket
from dataclasses import replace
from typing import Any

from modellab.errors import LabError, ServerLost, ServerRefused, ServerUnreachable, WorkerDied
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.hosts.codec import CodecError
from modellab.registry.hosts.conversation import Conversation
from modellab.registry.hosts.handshake import Greeting, Hello, Open, Opened, Served, checked, proof, protocol
from modellab.registry.hosts.wire import Channel, Raised
from modellab.registry.machine import meet
from modellab.settings import Address

_CONNECT_S = 2.0
"""A server that is there answers within milliseconds, on another continent within half a second."""
_HELLO_S = 10.0
"""One that is busy may be slow to greet."""
_GREETING_BYTES = 4096


class RemoteModel(Conversation):
    """One model on a server, from the connection to `close` or its loss.

    Args:
        server: where it is.
        ref: which model.
        token: what the server may want to be known; None for none.

    Raises:
        ServerUnreachable: nothing that serves models answers there.
        ServerRefused: it does not serve this model, or not to this lab.
    """

    def __init__(self, server: Address, ref: ModelRef, token: str | None) -> None:
        self._server, self._ref = server, ref
        self._connection = self._connect()
        super().__init__(Channel(self._connection, shares_memory=False))
        self.warm = False
        """Whether it was called before since it was loaded there."""
        self.model: Any = None
        """Offers what its surfaces ask for, once it is open."""
        try:
            self.served = self._meet(token)
            """What it is there."""
        except BaseException:
            self._stop()
            raise

    @property
    def who(self) -> str:
        return f"the server at {self._server}"

    @property
    def alive(self) -> bool:
        return self._open and not self._channel.ended()

    def open(self, config: ModelConfig) -> None:
        """Have the model loaded there, and take its place here.

        Args:
            config: as the lab knows it.

        Raises:
            ServerLost: the connection was lost.
            LabError: it can't be loaded there.
        """
        answer = self._exchange(Open(tuple(config.surfaces)), None, "while it was loaded")
        if not isinstance(answer, Opened):
            raise self._not_an_answer(answer, "about the model")
        self.model, self.warm = self._stand_in(config.surfaces, answer.values), bool(answer.warm)

    def call(self, target: int, method: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        try:
            return super().call(target, method, arguments)
        except WorkerDied as error:  # the model's process there: the server has let go of what is left of it
            self.close()
            raise error.become(WorkerDied, f"on {self.who.removeprefix('the ')}, ") from error

    def close(self) -> None:
        self._stop()

    def _stop(self) -> None:
        self._open = False
        self._channel.close()

    def _gone(self, doing: str, error: Exception) -> ServerLost:
        self._stop()
        return ServerLost(
            f"the connection to {self.who} was lost {doing} of model {self._ref}",
            found=getattr(error, "strerror", None) or "it closed the connection",
            hint="Nothing else is lost, and the next input connects again; see whether the server still runs.",
        )

    def _connect(self) -> socket.socket:
        try:
            connection = socket.create_connection(self._server, _CONNECT_S)
        except OSError as error:
            raise unreachable(self._server, error.strerror or str(error)) from error
        keep_alive(connection)
        connection.settimeout(_HELLO_S)
        return connection

    def _meet(self, token: str | None) -> Served:
        try:
            greeting = self._channel.receive(most_text_bytes=_GREETING_BYTES, most_buffer_bytes=0)
            if isinstance(greeting, Greeting):
                if greeting.protocol != protocol():
                    raise ServerRefused(
                        f"{self.who} runs another version of Model Lab",
                        found=f"protocol {greeting.protocol}",
                        allowed=protocol(),
                        hint="Install the same version on both machines.",
                    )
                shown = proof(token, str(greeting.challenge)) if token else ""
                self._channel.send(Hello(protocol(), str(self._ref), shown))
                greeting = self._channel.receive(most_buffer_bytes=0)
        except TimeoutError as error:
            raise unreachable(self._server, f"something is there that said nothing for {_HELLO_S:.0f} s") from error
        except (EOFError, OSError) as error:
            raise unreachable(self._server, getattr(error, "strerror", None) or "it closed the connection") from error
        except CodecError as error:
            raise unreachable(self._server, f"something else is there: {error}") from error
        if isinstance(greeting, Raised):
            refused = greeting.exception()
            if not isinstance(refused, LabError):
                raise ServerRefused(f"{self.who} answers with an error of its own", found=str(refused)) from refused
            raise refused
        if not isinstance(greeting, Served):
            raise self._not_an_answer(greeting, "about the model")
        self._connection.settimeout(None)  # a model works for hours, and says nothing if it has nothing to say
        return self._checked(greeting)

    def _checked(self, served: Served) -> Served:
        served = checked(served)
        if (served.identity.id, served.identity.variant) != (self._ref.id, self._ref.variant):
            raise self._not_an_answer(served.identity, f"about model {self._ref}")
        return replace(served, facts=replace(served.facts, machine=meet(served.machine)))


def unreachable(server: Address, why: str) -> ServerUnreachable:
    """The error for a server that does not answer as one."""
    return ServerUnreachable(
        f"the server at {server} can't be reached",
        found=why,
        hint=[
            f"Start it there: modellab models serve MODEL --port {server.port}",
            "Or take the model out of MODELLAB_REMOTE_MODELS, and it runs here.",
        ],
    )


def keep_alive(connection: socket.socket) -> None:
    """Let a connection end within minutes of the other machine's being gone, and never hold small messages back."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
    if (option := getattr(socket, "TCP_USER_TIMEOUT", None)) is not None:  # for what is sent and never acknowledged
        connection.setsockopt(socket.IPPROTO_TCP, option, 90_000)
