"""What can be asked of faster-whisper."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modellab.errors import UsageError


class Options(BaseModel):
    """Parameters of a transcription. The defaults are those that did best on a CPU; the model's README has figures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str | None = Field(None, description="ISO 639-1 code; None: detected from speech all over the recording")
    languages: tuple[str, ...] | None = Field(None, min_length=1, description="those that may be detected; None: all")
    multilingual: bool | None = Field(
        None, description="detect the language anew for every 30 s of speech; None: where a look finds two"
    )
    beam_size: int = Field(5, ge=1, le=20)
    batch_size: int | None = Field(None, ge=1, le=128, description="None: what the config says for the device")
    initial_prompt: str | None = Field(None, description="text the model is to believe came before")
    hotwords: str | None = Field(None, description="words to expect, such as names")
    speech_pad_ms: int = Field(200, ge=0, le=2000, description="audio heard around each speech segment")
    retry: bool = Field(True, description="decode improbable or repetitive pieces again, in other ways")

    @classmethod
    def parse(cls, model: str, parameters: Mapping[str, Any]) -> "Options":
        """Options from a step's parameters.

        Raises:
            UsageError: a parameter the model does not have, or a value that is not allowed; names each.
        """
        try:
            return cls.model_validate(parameters)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UsageError(
                f"model {model} can't be asked for that: {problems}", allowed=", ".join(cls.model_fields)
            ) from error
