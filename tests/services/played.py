"""A service on loopback that gives prepared answers in order, and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import soundfile

from modellab.media.audio import Samples


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Whether the connection ends in the middle of the body."""
    after: threading.Event | None = None
    """What it waits for before it says anything."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    """Names in small letters."""
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Fields of a form, without the file."""
        return [(name, content.decode()) for name, file, content in self._parts() if file is None]

    @property
    def file(self) -> tuple[str, str, Samples, int]:
        """Name, type, samples and rate of the form's file."""
        [(name, file, content)] = [part for part in self._parts() if part[1] is not None]
        samples, rate = soundfile.read(BytesIO(content), dtype="float32")
        assert file is not None
        return name, file, samples, rate

    @property
    def sound(self) -> tuple[Samples, int]:
        """Samples and rate of a body that is sound."""
        samples, rate = soundfile.read(BytesIO(self.body), dtype="float32")
        return np.asarray(samples, dtype=np.float32), rate

    def _parts(self) -> list[tuple[str, str | None, bytes]]:
        message = message_from_bytes(f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode() + self.body)
        return [
            (
                str(part.get_param("name", header="content-disposition")),
                part.get_filename() and f"{part.get_filename()} {part.get_content_type()}",
                bytes(part.get_payload(decode=True) or b""),
            )
            for part in message.get_payload()
        ]


class Played:
    """The service. It gives the replies of `replies` in their order, the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[Request] = []
        played = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                played.requests.append(Request(self.command, parts.path, parse_qsl(parts.query), headers, body))
                reply = played.replies[min(len(played.requests), len(played.replies)) - 1]
                if reply.after is not None:
                    reply.after.wait()
                try:
                    self.send_response(reply.status)
                    for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
                except OSError:
                    pass  # whoever asked is gone
                self.close_connection = True

            def do_POST(self) -> None:
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def say(self, document: object, **headers: str) -> None:
        """Add a good answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies.append(Reply(body=json.dumps(document).encode(), headers=named))

    def fail(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Add a bad one."""
        self.replies.append(Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()}))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def playing() -> Iterator[Played]:
    """A played service, for the time of the block."""
    played = Played()
    try:
        yield played
    finally:
        for reply in played.replies:
            if reply.after is not None:
                reply.after.set()
        played.close()
