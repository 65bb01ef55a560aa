"""Qwen3-ASR by transformers. It says which language it heard, before the text."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard
from models._audio_llm.listener import Listener


class Options(Asked):
    """What can be asked of Qwen3-ASR."""

    hotwords: str | None = Field(None, min_length=1, description="words to expect, or what it is about: its context")


class Qwen3Asr(Listener):
    """A loaded Qwen3-ASR; offers the surface `asr`."""

    ARCHITECTURE = "Qwen3ASRForConditionalGeneration"
    ASKED = Options

    def prompt(self, sounds: Sequence[Samples], asked: Options, language: str | None) -> Any:
        return self.processor.apply_transcription_request(list(sounds), language=language, prompt=asked.hotwords)

    def read(self, tokens: Sequence[int], duration_s: float) -> Heard:
        parsed = self.processor.decode(tokens, return_format="parsed")
        return Heard(parsed["transcription"], language=_code(parsed["language"]))


def _code(language: str | None) -> str | None:
    """The code of a language by the name that the model has for it; None of one that it made up."""
    from transformers.models.qwen3_asr.processing_qwen3_asr import LANGUAGE_CODE_TO_NAME

    return next((code for code, name in LANGUAGE_CODE_TO_NAME.items() if name == language), None)


def load(request: LoadRequest) -> Qwen3Asr:
    """Load a variant."""
    return Qwen3Asr(request)
