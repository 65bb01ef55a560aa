"""What every model of speech can be asked by the step asr; a model that can do more adds its own fields.

Needs no more than pydantic, so that models in environments of their own can use it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modellab.errors import UsageError
from modellab.names import unknown_name

MANY = "*"
"""Stands in a config for languages that are not listed."""


class Asked(BaseModel):
    """Parameters of a transcription."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str | None = Field(None, description="ISO 639-1 code; None: detected, by a model that can")
    languages: tuple[str, ...] | None = Field(None, min_length=1, description="those that there can be; None: all")
    batch_size: int | None = Field(None, ge=1, le=128, description="None: what the config says for the device")
    speech_pad_ms: int = Field(200, ge=0, le=2000, description="audio heard around each speech segment")

    @classmethod
    def parse(cls, model: str, parameters: Mapping[str, Any]) -> Self:
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

    def spoken(self, model: str, known: Sequence[str], *, detects: bool) -> str | None:
        """The language of the speech; None where the model is to detect it.

        Args:
            known: the codes of those that the model knows; `*` for many.
            detects: whether it tells languages apart by itself.

        Raises:
            UsageError: one that it does not know, or none where it must be told which.
        """
        if self.language is not None:
            if self.language not in known and MANY not in known:
                raise unknown_name(f"language of model {model}:", self.language, known)
            return self.language
        if len(known) == 1 and MANY not in known:
            return known[0]
        possible = [code for code in self.languages or () if code in known or MANY in known]
        if len(possible) == 1:
            return possible[0]
        if detects:
            return None
        raise UsageError(
            f"model {model} can't tell which language is spoken",
            allowed=", ".join(possible or known),
            hint="Say which: asr.language=en, or MODELLAB_LANGUAGES=en where all recordings are in one.",
        )
