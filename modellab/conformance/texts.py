"""Surfaces that are given texts."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from modellab.conformance.asked import Given, Quality, wrong_samples, wrong_type, wrong_vectors
from modellab.media.audio import Waveform
from modellab.registry.config import ModelConfig, Variant
from modellab.surfaces.contracts import Progress

_GREETINGS = {
    "de": "Guten Morgen zusammen.",
    "en": "Good morning, everybody.",
    "es": "Buenos días a todos.",
    "fr": "Bonjour à tous.",
    "ja": "おはようございます。",
    "zh": "大家早上好。",
}
_NUMBERS = "1 2 3"
"""For languages without a greeting here."""
_SENTENCES = ["We meet on Friday.", "The meeting is at the end of the week.", "Bananas are yellow."]
_ANSWER_TOKENS = 16
_FASTER = 1.25
_SEED = 3


class Tts:
    """Voices."""

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        return [Given("a sentence", 1.0), Given("the same, faster", _FASTER)]

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        language = model.languages[0]
        return model.speak(_GREETINGS.get(language, _NUMBERS), model.voices[0], language, given.value, _SEED)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if len(set(model.voices)) != len(model.voices):
            yield f"its voices have no names of their own: {list(model.voices)}"
        if bad := list(wrong_type(result, Waveform)):
            yield from bad
            return
        yield from wrong_samples(result.samples)
        if np.ndim(result.samples) != 1:
            yield f"it said an array of shape {np.shape(result.samples)}"
        elif not len(result.samples):
            yield Quality("it says nothing of a sentence")


class Embed:
    """Vectors of texts."""

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        return [Given("sentences", _SENTENCES), Given("one word", ["Hello"]), Given("nothing", [])]

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return model.embed(list(given.value), progress)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        yield from wrong_vectors(result, len(given.value))
        if given.value == _SENTENCES and not list(wrong_vectors(result, len(_SENTENCES))):
            like, unlike = result[0] @ result[1], result[0] @ result[2]
            if like <= unlike:
                yield Quality(
                    f"a sentence is as near to its paraphrase ({like:.2f}) as to something else ({unlike:.2f})"
                )


class Chat:
    """Answers."""

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        return [Given("a question", "What colour is snow?")]

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return model.complete("Answer in a word.", given.value, _ANSWER_TOKENS)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if not model.name:
            yield "it has no name"
        yield from wrong_type(result, str)
