"""GLM-ASR-Nano-2512 by transformers."""

from collections.abc import Sequence
from typing import Any

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from models._audio_llm.listener import Listener


class GlmAsr(Listener):
    """A loaded GLM-ASR; offers the surface `asr`. It takes no language and says none: what it is told is for others."""

    ARCHITECTURE = "GlmAsrForConditionalGeneration"
    BATCHES = True

    def prompt(self, sounds: Sequence[Samples], asked: Any, language: str | None) -> Any:
        return self.processor.apply_transcription_request(list(sounds))

    def read(self, tokens: Sequence[int], duration_s: float) -> Heard:
        return Heard(self.processor.tokenizer.decode(tokens, skip_special_tokens=True))


def load(request: LoadRequest) -> GlmAsr:
    """Load the model."""
    return GlmAsr(request)
