"""Fun-ASR-Nano by transformers."""

from collections.abc import Sequence
from typing import Any

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from models._audio_llm.keywords import WithKeywords
from models._audio_llm.listener import Listener


class FunAsrNano(Listener):
    """A loaded Fun-ASR-Nano; offers the surface `asr`."""

    ARCHITECTURE = "FunAsrNanoForConditionalGeneration"
    ASKED = WithKeywords

    def prompt(self, sounds: Sequence[Samples], asked: WithKeywords, language: str | None) -> Any:
        return self.processor.apply_transcription_request(
            list(sounds), language=language, keywords=asked.keywords or None
        )

    def read(self, tokens: Sequence[int], duration_s: float) -> Heard:
        return Heard(self.processor.decode(tokens, skip_special_tokens=True))


def load(request: LoadRequest) -> FunAsrNano:
    """Load the model."""
    return FunAsrNano(request)
