"""A hub on this machine: as much of the Hugging Face hub's HTTP interface as downloads use, and its mishaps."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"model.bin": b"weights", "config.json": b"{}", "README.md": b"hello"}
_LIMIT_S = 60.0


class Hub:
    """What it holds, what it does wrong, and what it was asked."""

    def __init__(self) -> None:
        self.repositories = {"makers/toy": dict(FILES)}
        self.large: set[str] = set()
        """Names of files whose SHA-256 it states."""
        self.stated: dict[str, dict[str, Any]] = {}
        """What it states wrongly of large files: `{"model.bin": {"size": 10}}`."""
        self.cuts: list[int] = []
        """Bytes after which it hangs up, of each answer with a large file's bytes in turn; then it does no more."""
        self.stalls_after: int | None = None
        """Bytes of a large file after which nothing more comes."""
        self.elsewhere = False
        """Whether large files' bytes are at another host, to which it sends who asks."""
        self.asked: list[str] = []
        """Paths."""
        self.ranges: list[str | None] = []
        """`Range` of each request for a large file's bytes."""
        self.tokens: list[tuple[str, str | None]] = []
        """Host and `Authorization` of each request for a large file's bytes."""
        self.sent = 0
        """Bytes of large files that went out."""
        self.released = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Server(ThreadingHTTPServer):
    hub: Hub


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub, path = self.server.hub, self.path.split("?")[0]
        hub.asked.append(path)
        if "makers/gated" in path:
            return self._send(403, b"no", {"X-Error-Code": "GatedRepo"}, body)
        name = path.rsplit("/", 1)[-1]
        for repository, files in hub.repositories.items():
            if path.startswith(f"/api/models/{repository}/tree/"):
                tree = [self._entry(hub, name, data) for name, data in files.items()]
                return self._send(200, json.dumps(tree).encode(), {"Content-Type": "application/json"}, body)
            if path.startswith(f"/api/models/{repository}"):
                info = {"id": repository, "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]}
                return self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"}, body)
            if path.startswith((f"/{repository}/resolve/{COMMIT}/", f"/cdn/{repository}/")) and name in files:
                return self._file(hub, repository, name, body)
        return self._send(404, b"", {"X-Error-Code": "RepoNotFound"}, body)

    def _entry(self, hub: Hub, name: str, data: bytes) -> dict[str, Any]:
        entry: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": _sha1(data)}
        if name in hub.large:
            size = hub.stated.get(name, {}).get("size", len(data))
            entry |= {"size": size, "lfs": {"size": size, "oid": self._digest(hub, name, data), "pointerSize": 134}}
        return entry

    def _digest(self, hub: Hub, name: str, data: bytes) -> str:
        return str(hub.stated.get(name, {}).get("sha256", hashlib.sha256(data).hexdigest()))

    def _file(self, hub: Hub, repository: str, name: str, body: bool) -> None:
        data = hub.repositories[repository][name]
        if name not in hub.large:
            return self._send(200, data, {"ETag": f'"{_sha1(data)}"', "X-Repo-Commit": COMMIT}, body)
        digest = self._digest(hub, name, data)
        headers = {"ETag": f'"{digest}"', "X-Linked-Etag": f'"{digest}"', "X-Repo-Commit": COMMIT}
        if body:
            hub.tokens.append((self.headers["Host"].partition(":")[0], self.headers["Authorization"]))
        if hub.elsewhere and not self.path.startswith("/cdn/"):
            there = f"http://localhost:{hub.port}/cdn/{repository}/{name}"
            return self._send(302, b"", {**headers, "X-Linked-Size": str(len(data)), "Location": there}, body)
        if not body:
            return self._send(200, data, headers, body)
        hub.ranges.append(self.headers["Range"])
        begin = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if begin >= len(data):
            return self._send(416, b"", {}, body)
        self.send_response(206 if begin else 200)
        headers |= {"Content-Length": str(len(data) - begin)}
        if begin:
            headers |= {"Content-Range": f"bytes {begin}-{len(data) - 1}/{len(data)}"}
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        rest = data[begin:]
        if hub.cuts:
            rest = rest[: hub.cuts.pop(0)]
        if hub.stalls_after is not None:
            rest = rest[: hub.stalls_after]
        self.wfile.write(rest)
        self.wfile.flush()
        hub.sent += len(rest)
        if hub.stalls_after is not None:
            hub.released.wait(_LIMIT_S)

    def _send(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep test output clean."""


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@contextmanager
def serving_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that this process asks; another one does with `HF_ENDPOINT` set to its address."""
    from huggingface_hub import constants

    hub = Hub()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hub, hub.port = hub, server.server_port
    threading.Thread(target=partial(server.serve_forever, poll_interval=0.05), daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        server.server_close()
