"""Words to expect, for models that take a list of them."""

from pydantic import Field

from modellab.speech.asked import Asked


class WithKeywords(Asked):
    """What can be asked of a model that takes keywords."""

    hotwords: str | None = Field(None, min_length=1, description="words to expect, such as names; commas between them")

    @property
    def keywords(self) -> list[str]:
        """Each of them, without white space around it and none twice."""
        named = (" ".join(word.split()) for word in (self.hotwords or "").split(","))
        return list(dict.fromkeys(word for word in named if word))
