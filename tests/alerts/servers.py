"""Servers that take alerts: a webhook and a mail server, both real and on this machine."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A webhook's server. It gives the answers of `answers`, in their order, then says yes."""

    def __init__(self, context: ssl.SSLContext | None = None, hold: threading.Event | None = None) -> None:
        self.posts: list[Post] = []
        self.answers: list[Answer] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append(Post(self.path, dict(self.headers), body))
                if hold is not None:
                    hold.wait()
                answer = receiver.answers.pop(0) if receiver.answers else Answer()
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/alerts"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def receiving(context: ssl.SSLContext | None = None, hold: threading.Event | None = None) -> Iterator[Receiver]:
    receiver = Receiver(context, hold)
    try:
        yield receiver
    finally:
        receiver.close()


class MailServer:
    """Takes mail for everybody but `nobody@...`, from `lab` with the password `open sesame!` where it asks for one."""

    PASSWORD = "open sesame!"

    def __init__(self, context: ssl.SSLContext | None, *, tls: bool = False, auth: bool = True) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []

        def authenticate(
            _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any
        ) -> AuthResult:
            right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"lab", self.PASSWORD.encode())
            return AuthResult(success=right, handled=False)

        asked: dict[str, Any] = {"hostname": "localhost"}
        if auth:
            asked |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not tls}
        if context is not None and not tls:
            asked |= {"tls_context": context, "require_starttls": True}
        # aiosmtpd's own Controller wants its port named beforehand, and gives itself a second to start.
        self._loop = asyncio.new_event_loop()
        serving = self._loop.create_server(lambda: SMTP(self, **asked), "127.0.0.1", 0, ssl=context if tls else None)
        self._server = self._loop.run_until_complete(serving)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.SMTP)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        return "250 taken"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
