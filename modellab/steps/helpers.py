"""The helper models of the text steps: who they are, and how a running step asks them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.steps.definition import Helper, StepContext
from modellab.steps.timed import TimedModel
from modellab.surfaces.contracts import Progress, Vectors
from modellab.text.llm.backends import BackendSettings, LanguageModel
from modellab.text.llm.endpoint import Endpoint

EMBEDDER_MODEL = "all_minilm"
"""The embedder unless another is named."""
_CHAT_MODEL = "local_chat"
_EMBEDDER, _WRITER = "embedder", "writer"


def embedder_helper(model: str) -> dict[str, Helper]:
    """The helper of a step whose parameter `embedder` names a model of the surface `embed`."""
    return {_EMBEDDER: Helper("embed", model, "embedder")}


def writer_helper(settings: BackendSettings) -> dict[str, Helper]:
    """The helper of a step that a language model in a folder writes for; none where none does."""
    if settings.backend != "transformers" or settings.model is None:
        return {}
    return {_WRITER: Helper("chat", _CHAT_MODEL, "model", Path(settings.model).expanduser().absolute())}


class Embedder:
    """The step's embedder, loaded when it is first asked: silence loads nothing."""

    def __init__(self, context: StepContext) -> None:
        self._context = context

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As the model does; the step's own progress unless another is to be told."""
        with self._context.helper(_EMBEDDER) as model:
            vectors: Vectors = model.embed(texts, progress or self._context.progress)
        return vectors


class _LocalWriter:
    """The step's language model in a folder, loaded when it is first asked."""

    def __init__(self, context: StepContext, answer_tokens: int) -> None:
        self._context, self._answer_tokens = context, answer_tokens
        self.name = "local model"
        """Its own name once it was asked: results say who wrote, which nobody did of silence."""

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> str:
        with self._context.helper(_WRITER) as model:
            self.name = model.name
            return str(model.complete(system, user, self._answer_tokens))


def writer(context: StepContext, settings: BackendSettings) -> LanguageModel:
    """The language model that the settings name; nothing is contacted or loaded yet. Its calls count as inference."""
    if settings.backend == "transformers":
        return _LocalWriter(context, settings.answer_tokens)
    endpoint: LanguageModel = TimedModel(Endpoint(settings), context.inference)
    return endpoint
