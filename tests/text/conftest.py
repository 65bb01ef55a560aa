"""What the text tests share: the real embedder, and a real HTTP server that plays a language model."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.steps.helpers import EMBEDDER_MODEL
from modellab.surfaces.contracts import EmbedModel

Reply = tuple[int, bytes, float]
"""Status, body, seconds to wait before answering."""


class PlayedEndpoint:
    """An OpenAI-compatible endpoint on loopback that gives prepared replies in order, the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        played = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                played.requests.append({"path": self.path, **json.loads(body)})
                played.headers.append(dict(self.headers))
                status, content, wait_s = played.replies[min(len(played.requests), len(played.replies)) - 1]
                time.sleep(wait_s)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except BrokenPipeError:
                    pass

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def say(self, answer: object, *, finish: str = "stop") -> None:
        """Add a well-formed completion whose text is `answer`, as JSON unless it is a string."""
        text = answer if isinstance(answer, str) else json.dumps(answer)
        choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
        self.replies.append((200, json.dumps({"object": "chat.completion", "choices": [choice]}).encode(), 0.0))

    def misbehave(self, status: int, body: bytes = b"", wait_s: float = 0.0) -> None:
        """Add a bad reply."""
        self.replies.append((status, body, wait_s))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedEndpoint]:
    """A played endpoint; retries wait next to nothing."""
    monkeypatch.setattr("modellab.text.llm.endpoint._FIRST_WAIT_S", 0.01)
    played = PlayedEndpoint()
    yield played
    played.close()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """The project's models."""
    home = tmp_path_factory.mktemp("models-home")
    with Models(Lab(Settings(_env_file=None, home=home, offline=True)), ModelRegistry()) as models:
        yield models


@pytest.fixture(scope="session")
def embedder(models: Models) -> EmbedModel:
    """The real sentence embedder."""
    model: EmbedModel = models.acquire(models.registry.resolve(EMBEDDER_MODEL)[1]).model
    return model


@pytest.fixture
def no_progress() -> Callable[[float], None]:
    return lambda fraction: None
