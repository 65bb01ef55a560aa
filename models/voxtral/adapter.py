"""Mistral's Voxtral by transformers, in its transcription mode; Mistral's own tokenizer makes the request."""

from collections.abc import Sequence
from typing import Any

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from models._audio_llm.listener import Listener


class Voxtral(Listener):
    """A loaded Voxtral; offers the surface `asr`. It detects the language by itself and doesn't say which."""

    ARCHITECTURE = "VoxtralForConditionalGeneration"
    BATCHES = True

    def __init__(self, request: LoadRequest) -> None:
        super().__init__(request)
        hub = request.variant.hub
        self._repository = hub.repository if hub else self.name

    def prompt(self, sounds: Sequence[Samples], asked: Any, language: str | None) -> Any:
        return self.processor.apply_transcription_request(
            list(sounds),
            model_id=self._repository,
            language=language,
            sampling_rate=self.rate_hz,
            format=["WAV"] * len(sounds),
        )

    def read(self, tokens: Sequence[int], duration_s: float) -> Heard:
        return Heard(self.processor.tokenizer.decode(list(tokens), skip_special_tokens=True))


def load(request: LoadRequest) -> Voxtral:
    """Load a variant."""
    return Voxtral(request)
