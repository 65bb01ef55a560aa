"""What a stream of Whisper can be asked."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modellab.errors import UsageError
from modellab.names import unknown_name
from modellab.speech.asked import MANY


class StreamOptions(BaseModel):
    """Parameters of a stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str | None = Field(None, description="ISO 639-1 code; None: detected, until the first words are settled")
    step_ms: int = Field(
        1000, ge=100, le=10_000, description="new audio after which all that is not settled is heard again"
    )
    hypotheses: int = Field(2, ge=2, le=5, description="how many in a row must agree on a word")
    beam_size: int = Field(1, ge=1, le=20)
    longest_buffer_s: float = Field(15.0, ge=5.0, le=25.0, description="audio beyond which what is settled is cut off")

    @classmethod
    def parse(cls, model: str, parameters: Mapping[str, Any], known: Sequence[str]) -> Self:
        """Options of a stream.

        Args:
            known: codes of the languages that the model knows; `*` for many.

        Raises:
            UsageError: a parameter that there is not, a value that is not allowed, or a language that it does not know.
        """
        try:
            options = cls.model_validate(dict(parameters))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UsageError(
                f"model {model} can't be asked for that: {problems}", allowed=", ".join(cls.model_fields)
            ) from error
        if options.language is not None and options.language not in known and MANY not in known:
            raise unknown_name(f"language of model {model}:", options.language, known)
        return options
