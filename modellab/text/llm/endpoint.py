"""An OpenAI-compatible chat endpoint: Ollama, vLLM, LM Studio, llama.cpp, or the real one."""

from collections.abc import Mapping
from typing import Any

from modellab.errors import NoUsableAnswer, TextRefused
from modellab.outside import parse_json
from modellab.redaction import redact, redact_known
from modellab.settings import secrets
from modellab.text.llm.backends import KEY_VARIABLE, BackendSettings

_CONNECT_S = 10.0
_LARGEST_ANSWER_BYTES = 4 << 20
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 20.0
_WORTH_RETRYING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_QUOTED_CHARACTERS = 200


class _Transient(Exception):
    """A failure that another attempt may not meet."""


class Endpoint:
    """Asks `POST <endpoint>/chat/completions`, again with growing pauses while the failure may pass."""

    def __init__(self, settings: BackendSettings) -> None:
        self._settings = settings
        self.name = f"{settings.model} at {settings.endpoint}"

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> str:
        import tenacity

        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(1 + self._settings.retries),
            wait=tenacity.wait_random_exponential(_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            retry=tenacity.retry_if_exception_type(_Transient),
            reraise=True,
        )
        body = {
            "model": self._settings.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "response_format": {"type": "json_schema", "json_schema": {**schema, "strict": True}},
            "temperature": 0,
            "seed": 0,
            "max_tokens": self._settings.answer_tokens,
        }
        try:
            return attempts(self._ask, body)
        except _Transient as error:
            count = 1 + self._settings.retries
            raise self._failed(f"{error}, {count} times" if count > 1 else str(error)) from error

    def _ask(self, body: Mapping[str, Any]) -> str:
        import httpx2

        assert self._settings.endpoint is not None
        key = secrets().get(KEY_VARIABLE)
        try:
            with (
                httpx2.Client(timeout=httpx2.Timeout(self._settings.timeout_s, connect=_CONNECT_S)) as client,
                client.stream(
                    "POST",
                    self._settings.endpoint.rstrip("/") + "/chat/completions",
                    json=body,
                    headers={"Authorization": f"Bearer {key}"} if key else {},
                ) as response,
            ):
                content = self._read(response)
        except httpx2.TimeoutException as error:
            raise _Transient(f"no answer within {self._settings.timeout_s:g} s") from error
        except httpx2.TransportError as error:
            raise _Transient(f"{type(error).__name__}: {error}") from error
        if response.status_code in _WORTH_RETRYING:
            raise _Transient(f"status {response.status_code}: {_quoted(content)}")
        if not response.is_success:
            raise self._failed(f"status {response.status_code}: {_quoted(content)}")
        return self._message(content)

    def _read(self, response: Any) -> bytes:
        content = b""
        for piece in response.iter_bytes():
            content += piece
            if len(content) > _LARGEST_ANSWER_BYTES:
                raise self._failed(f"an answer of more than {_LARGEST_ANSWER_BYTES >> 20} MiB")
        return content

    @staticmethod
    def _message(content: bytes) -> str:
        """The text of a chat completion."""
        try:
            choice = parse_json(content, "the answer")["choices"][0]
            text = choice["message"]["content"]
        except (TextRefused, LookupError, TypeError) as error:
            raise _Transient(f"something that is no chat completion: {_quoted(content)}") from error
        if choice.get("finish_reason") == "length":
            raise _Transient("an answer cut off at answer_tokens")
        if not isinstance(text, str) or not text.strip():
            raise _Transient("an empty answer")
        return redact_known(text)

    def _failed(self, found: str) -> NoUsableAnswer:
        return NoUsableAnswer(
            f"the language model {self.name} did not answer",
            found=found,
            hint=f"Check that the endpoint runs and has the model (curl {self._settings.endpoint}/models), that "
            f"{KEY_VARIABLE} is set if it wants a key, or raise timeout_s or answer_tokens; "
            "without backend=openai the step needs no language model.",
        )


def _quoted(content: bytes) -> str:
    # Before it is cut off: half a key is one as well.
    text = redact(" ".join(content.decode(errors="replace").split()))
    return text[:_QUOTED_CHARACTERS] + ("…" if len(text) > _QUOTED_CHARACTERS else "") or "nothing"
