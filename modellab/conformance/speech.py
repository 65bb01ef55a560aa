"""Surfaces that find speech, speakers and words."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from modellab.conformance.asked import Given, Quality, wrong_type
from modellab.conformance.sounds import sounds
from modellab.registry.config import ModelConfig, Variant
from modellab.speech.asked import MANY
from modellab.steps.asr import AsrParameters
from modellab.steps.diarization import DiarizationParameters
from modellab.steps.vad import VadParameters
from modellab.surfaces.contracts import Progress
from modellab.surfaces.in_place import TOLERANCE_S, is_inside, overlapping
from modellab.surfaces.results import Diarization, FittedWord, Segment, SpeechSegments, Transcript, Utterance, Word
from modellab.surfaces.translations import Translation

_SPOKEN = "en"
"""The sample's language."""
_ALIGNED = ("hello", "yes", "the", "and")
"""Words of the sample's language; an aligner that knows none of them is asked nothing."""


class _Heard:
    """What is given to all of these."""

    surface: str

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        rate_hz = config.rate_of(self.surface)
        assert rate_hz is not None
        return sounds(rate_hz)


class Vad(_Heard):
    """Voice activity."""

    surface = "vad"

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return model.detect(given.value, VadParameters().model_dump(), progress)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if bad := list(wrong_type(result, SpeechSegments)):
            yield from bad
            return
        yield from _length(result.duration_s, given)
        yield from _outside(result.segments, given, "segment")
        if any(overlapping(result.segments)):
            yield "segments overlap, or are not in order of time"
        if given.name == "speech" and not result.segments:
            yield Quality("no speech was found in speech")


class Asr(_Heard):
    """Words."""

    surface = "asr"

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        """A model that must be told the language is told the sample's, or one that it knows."""
        sounds = super().given(config, variant)
        if config.detects_language:
            return sounds
        known = config.languages if variant.languages is None else variant.languages
        language = _SPOKEN if _SPOKEN in known else known[0]
        return [replace(sound, parameters={"language": language}) for sound in sounds]

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        speech = [Segment(0.0, given.value.duration_s)]
        asked = {**AsrParameters().model_dump(exclude_none=True), **given.parameters}
        return model.transcribe(given.value, speech, asked, progress)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if bad := list(wrong_type(result, Transcript)):
            yield from bad
            return
        yield from _length(result.duration_s, given)
        if any(after.start_s < before.start_s - TOLERANCE_S for before, after in pairwise(result.utterances)):
            yield "utterances are not in order of time"
        for utterance in result.utterances:
            yield from _wrong_words(utterance, given)
        if given.name == "speech" and not result.words:
            yield Quality("no words were found in speech")


class Translate(Asr):
    """What was said, in another language."""

    surface = "translate"

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        speech = [Segment(0.0, given.value.duration_s)]
        target = next(code for code in (*model.target_languages, _SPOKEN) if code not in (MANY, _SPOKEN))
        return model.translate(given.value, speech, target, given.parameters, progress)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if bad := list(wrong_type(result, Translation)):
            yield from bad
            return
        yield from _length(result.duration_s, given)
        yield from _outside(result.utterances, given, "utterance")
        if any(overlapping(result.utterances)):
            yield "utterances overlap, or are not in order of time"
        if not all(utterance.text.strip() for utterance in result.utterances):
            yield "an utterance has no text"
        if given.name == "speech" and not result.utterances:
            yield Quality("nothing was translated")


class DiarizationSurface(_Heard):
    """Who speaks when."""

    surface = "diarization"

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return model.diarize(given.value, DiarizationParameters().model_dump(exclude_none=True), progress)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if bad := list(wrong_type(result, Diarization)):
            yield from bad
            return
        yield from _length(result.duration_s, given)
        yield from _outside(result.turns, given, "turn")
        if any(after.start_s < before.start_s for before, after in pairwise(result.turns)):
            yield "turns are not in order of time"
        if not all(turn.speaker for turn in result.turns):
            yield "a turn names no speaker"
        if given.name == "speech" and not result.turns:
            yield Quality("nobody was found in speech")


class Align(_Heard):
    """Times of words."""

    surface = "align"

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        words = [word for word in _ALIGNED if model.knows(word)]
        return model.align(given.value, words) if words else None

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if not model.languages:
            yield "it knows no language"
        if result is None:
            return
        words = [word for word in _ALIGNED if model.knows(word)]
        if len(result) != len(words):
            yield f"it gave {len(result)} spans for {len(words)} words"
        yield from _outside(result, given, "word")
        if any(overlapping(result)):
            yield "words overlap, or are not in order of time"
        scored = [one for one in result if isinstance(one, FittedWord)]
        if scored and len(scored) != len(result):
            yield f"{len(scored)} of {len(result)} words have a score"
        if any(not (math.isfinite(one.score) and one.score <= 0.0) for one in scored):
            yield "a word's score is no number up to 0"


def _length(duration_s: float, given: Given) -> Iterator[str]:
    if abs(duration_s - (given.audio_s or 0.0)) > TOLERANCE_S:
        yield f"it says that {given.audio_s:.3f} s are {duration_s:.3f} s long"


def _outside(stretches: Sequence[Any], given: Given, noun: str) -> Iterator[str]:
    wrong = [one for one in stretches if not is_inside(one, given.audio_s or 0.0)]
    if wrong:
        yield f"{len(wrong)} of {len(stretches)} {noun}s have no length or lie outside the audio: {wrong[0]}"


def _wrong_words(utterance: Utterance, given: Given) -> Iterator[str]:
    """Models give some words no length: the step does (`MIN_WORD_S`)."""
    end_s = given.audio_s or 0.0
    timed: list[Utterance | Word] = [utterance, *utterance.words]
    for word in timed:
        if not -TOLERANCE_S <= word.start_s <= word.end_s <= end_s + TOLERANCE_S:
            yield f"a word ends before it begins, or lies outside the audio: {word}"
            return
    if any(after.start_s < before.start_s - TOLERANCE_S for before, after in pairwise(utterance.words)):
        yield f"words are not in order of time: {utterance.text!r}"
    if not utterance.text.strip() or not all(word.text and word.text == word.text.strip() for word in utterance.words):
        yield f"an utterance or a word has no text, or white space around it: {utterance.text!r}"
    if any(word.probability is not None and not 0.0 <= word.probability <= 1.0 for word in utterance.words):
        yield f"a word's probability is not from 0 to 1: {utterance.text!r}"
