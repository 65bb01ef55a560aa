"""IBM's Granite Speech by transformers.

Three generations of language models, each asked in the words that its model card gives: 3.3 (a LoRA in the checkpoint,
which takes effect when there is sound), 4 (one network; keywords, punctuation), and the plus model, which says when
each word ended. The fifth is another thing: `turbo_ctc.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from modellab.errors import UsageError
from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from models._audio_llm.keywords import WithKeywords
from models._audio_llm.listener import Listener
from models._audio_llm.writing import TOKENS_PER_S
from models.granite_speech.timed_words import timed_words
from models.granite_speech.turbo_ctc import TurboCtc

_SYSTEM = (
    "Knowledge Cutoff Date: April 2024.\nToday's Date: December 19, 2024.\n"
    "You are Granite, developed by IBM. You are a helpful AI assistant"
)
"""Of 3.3 and of the plus model. The date is the one of the model cards: the real one would make other results every
day."""
_NAMES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "ja": "Japanese", "pt": "Portuguese"}
_AUDIO = "<|audio|>"
_TAG_TOKENS_PER_S = 3 * TOKENS_PER_S
"""A tag of a time takes several tokens, each of its digits one."""


class GraniteSpeech(Listener):
    """A loaded Granite Speech; offers the surface `asr`."""

    ARCHITECTURE = "GraniteSpeechForConditionalGeneration"
    ASKED = WithKeywords

    def prompt(self, sounds: Sequence[Samples], asked: WithKeywords, language: str | None) -> Any:
        chat = [*self.before(), {"role": "user", "content": self.instruction(asked, language)}]
        text = self.processor.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        return self.processor([text] * len(sounds), list(sounds), return_tensors="pt")

    def before(self) -> list[Mapping[str, str]]:
        """What the chat begins with."""
        return []

    def instruction(self, asked: WithKeywords, language: str | None) -> str:
        """What it is told to do with the sound."""
        if asked.keywords:
            return f"{_AUDIO}transcribe the speech to text. Keywords: {', '.join(asked.keywords)}"
        return f"{_AUDIO}transcribe {_the_speech(language)} with proper punctuation and capitalization."

    def read(self, tokens: Sequence[int], duration_s: float) -> Heard:
        return Heard(self._text(tokens))

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self.processor.tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    def _refuse_keywords(self, asked: WithKeywords) -> None:
        if asked.keywords:
            raise UsageError(
                f"model {self.name} takes no keywords",
                found=f"hotwords={asked.hotwords}",
                hint="Leave hotwords out, or take the variant 4.1-2b.",
            )


class Granite3(GraniteSpeech):
    """3.3."""

    LORA = True

    def before(self) -> list[Mapping[str, str]]:
        return [{"role": "system", "content": f"{_SYSTEM}."}]

    def instruction(self, asked: WithKeywords, language: str | None) -> str:
        self._refuse_keywords(asked)
        return f"{_AUDIO}can you transcribe {_the_speech(language)} into a written format?"


class GranitePlus(GraniteSpeech):
    """4.1 plus: words without punctuation, each with the time of its end."""

    ARCHITECTURE = "GraniteSpeechPlusForConditionalGeneration"
    TOKENS_PER_S = _TAG_TOKENS_PER_S

    def before(self) -> list[Mapping[str, str]]:
        return [{"role": "system", "content": _SYSTEM}]

    def instruction(self, asked: WithKeywords, language: str | None) -> str:
        self._refuse_keywords(asked)
        return (
            f"{_AUDIO} Timestamps: Transcribe the speech. After each word, add a timestamp tag showing the end time "
            "in centiseconds, e.g. hello [T:45] world [T:82]"
        )

    def read(self, tokens: Sequence[int], duration_s: float) -> Heard:
        return timed_words(self._text(tokens), duration_s)


def _the_speech(language: str | None) -> str:
    return f"the {_NAMES[language]} speech" if language else "the speech"


_FAMILIES: Mapping[str, type[GraniteSpeech]] = {"3.3": Granite3, "4": GraniteSpeech, "plus": GranitePlus}


def load(request: LoadRequest) -> GraniteSpeech | TurboCtc:
    """Load a variant."""
    if request.variant.parameters["family"] == "5":
        return TurboCtc(request)
    return _FAMILIES[str(request.variant.parameters["family"])](request)
