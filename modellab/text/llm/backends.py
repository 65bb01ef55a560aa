"""What can write text for a step, and the settings that choose it.

A compatible endpoint is asked by `Endpoint`; a local model is a helper model of the step (`modellab.steps.helpers`).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from modellab.artifacts.fingerprint import DECIDES_NOTHING
from modellab.services.http import plain_address

KEY_VARIABLE = "MODELLAB_LLM_API_KEY"
"""Environment variable with the endpoint's key, if it wants one; a key is no parameter, so that no record holds it."""


class LanguageModel(Protocol):
    """Answers a prompt."""

    name: str
    """What it is and where, for messages and results."""

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> str:
        """The answer's text, which should be JSON of the schema (a name and a JSON Schema object).

        Raises:
            StepFailed: there is no answer; says what was tried and what to do.
        """
        ...


class BackendSettings(BaseModel):
    """Which language model writes, and how it is asked. All but how patiently belongs to the result's identity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: Literal["builtin", "openai", "transformers"] = Field(
        "builtin", description="builtin needs no language model; openai: a compatible endpoint; transformers: a folder"
    )
    endpoint: str | None = Field(
        None, pattern=r"^https?://", description="base URL of the endpoint, such as http://localhost:11434/v1"
    )
    model: str | None = Field(None, description="the endpoint's name of the model, or the folder of a local one")
    prompt: str = Field("v2", pattern=r"^[a-z0-9_]+$", description="version of the prompt file")
    timeout_s: Annotated[float, DECIDES_NOTHING] = Field(
        120.0, gt=0, description="longest silence of the endpoint before an attempt fails"
    )
    retries: Annotated[int, DECIDES_NOTHING] = Field(3, ge=0, le=10, description="further attempts after a failed one")
    chunk_words: int = Field(3000, ge=100, description="words of transcript in one request; more are split")
    answer_tokens: int = Field(2000, ge=16, description="longest answer, in tokens")

    @field_validator("endpoint")
    @classmethod
    def _address_only(cls, endpoint: str | None) -> str | None:
        """An endpoint is kept and shown with every result: it names a place, and carries no credentials."""
        return None if endpoint is None else plain_address(endpoint, KEY_VARIABLE)

    @model_validator(mode="after")
    def _complete(self) -> "BackendSettings":
        if self.backend == "openai" and not (self.endpoint and self.model):
            raise ValueError("backend openai needs endpoint and model")
        if self.backend == "transformers" and not self.model:
            raise ValueError("backend transformers needs model, the folder of a local one")
        if self.backend == "builtin" and (self.endpoint or self.model):
            raise ValueError("backend builtin takes neither endpoint nor model; say backend openai or transformers")
        return self
