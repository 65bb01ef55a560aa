"""An OpenAI-compatible chat endpoint: Ollama, vLLM, LM Studio, llama.cpp, or the real one."""

from collections.abc import Mapping
from typing import Any

from modellab.errors import NoUsableAnswer, TextRefused
from modellab.outside import parse_json
from modellab.redaction import redact_known
from modellab.services.http import Answer, Patience, Transient, Unanswered, ask, quoted
from modellab.settings import secrets
from modellab.text.llm.backends import KEY_VARIABLE, BackendSettings

_LARGEST_ANSWER_BYTES = 4 << 20
_FIRST_WAIT_S = 0.5


class Endpoint:
    """Asks `POST <endpoint>/chat/completions`, again with growing pauses while the failure may pass."""

    def __init__(self, settings: BackendSettings) -> None:
        self._settings = settings
        self.name = f"{settings.model} at {settings.endpoint}"

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> str:
        assert self._settings.endpoint is not None
        body = {
            "model": self._settings.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "response_format": {"type": "json_schema", "json_schema": {**schema, "strict": True}},
            "temperature": 0,
            "seed": 0,
            "max_tokens": self._settings.answer_tokens,
        }
        address = self._settings.endpoint.rstrip("/") + "/chat/completions"
        key = secrets().get(KEY_VARIABLE)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        patience = Patience(self._settings.timeout_s, 1 + self._settings.retries, first_wait_s=_FIRST_WAIT_S)
        try:
            return ask(
                lambda client: client.stream("POST", address, json=body, headers=headers),
                patience,
                _message,
                largest_bytes=_LARGEST_ANSWER_BYTES,
            )
        except Unanswered as error:
            raise self._failed(str(error)) from error

    def _failed(self, found: str) -> NoUsableAnswer:
        return NoUsableAnswer(
            f"the language model {self.name} did not answer",
            found=found,
            hint=f"Check that the endpoint runs and has the model (curl {self._settings.endpoint}/models), that "
            f"{KEY_VARIABLE} is set if it wants a key, or raise timeout_s or answer_tokens; "
            "without backend=openai the step needs no language model.",
        )


def _message(answer: Answer) -> str:
    """The text of a chat completion."""
    try:
        choice = parse_json(answer.content, "the answer")["choices"][0]
        text = choice["message"]["content"]
    except (TextRefused, LookupError, TypeError) as error:
        raise Transient(f"something that is no chat completion: {quoted(answer.content)}") from error
    if choice.get("finish_reason") == "length":
        raise Transient("an answer cut off at answer_tokens")
    if not isinstance(text, str) or not text.strip():
        raise Transient("an empty answer")
    return redact_known(text)
