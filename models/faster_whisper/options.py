"""What can be asked of faster-whisper."""

from pydantic import Field

from modellab.speech.asked import Asked


class Options(Asked):
    """Parameters of a transcription. The defaults are those that did best on a CPU; the model's README has figures."""

    multilingual: bool | None = Field(
        None, description="detect the language anew for every 30 s of speech; None: where a look finds two"
    )
    beam_size: int = Field(5, ge=1, le=20)
    initial_prompt: str | None = Field(None, description="text the model is to believe came before")
    hotwords: str | None = Field(None, description="words to expect, such as names")
    retry: bool = Field(True, description="decode improbable or repetitive pieces again, in other ways")
