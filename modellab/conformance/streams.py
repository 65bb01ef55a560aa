"""Speech recognised while it is spoken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

from modellab.conformance.asked import Given, Quality, wrong_type
from modellab.conformance.sounds import sounds
from modellab.media.audio import Samples
from modellab.registry.config import ModelConfig, Variant
from modellab.surfaces.contracts import AsrStream, Progress
from modellab.surfaces.in_place import TOLERANCE_S
from modellab.surfaces.results import Word
from modellab.surfaces.streams import Heard

_CHUNK_S = 0.16
_BESIDE_S = 2.5
"""So much is heard of two streams at once: enough for words."""
_SPOKEN = "en"
"""The sample's language."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a recogniser said, and how much it had heard."""

    heard_s: float
    heard: Heard
    at_the_end: bool
    """Whether it was asked for all that there is."""


class Stream:
    """Words, bit by bit."""

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        """A model that must be told the language is told the sample's, or one that it knows."""
        rate_hz = config.rate_of("asr_stream")
        assert rate_hz is not None
        if config.detects_language:
            return sounds(rate_hz)
        known = config.languages if variant.languages is None else variant.languages
        language = _SPOKEN if _SPOKEN in known else known[0]
        return [replace(sound, parameters={"language": language}) for sound in sounds(rate_hz)]

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        [said] = _heard_at_once(model, [given])
        return said

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if not isinstance(model.finds_ends, bool):
            yield f"whether it finds ends is a {type(model.finds_ends).__name__}"
        for one in result:
            if bad := list(wrong_type(one.heard, Heard)):
                yield from bad
                return
        if any(said.heard.unstable for said in result if said.at_the_end):
            yield "words are unstable at the end of a segment"
        yield from _wrong_words(result)
        if given.name != "speech":
            return
        words = [said for said in result if said.heard.stable or said.heard.unstable]
        if not words:
            yield Quality("no words were found in speech")
        elif all(said.at_the_end for said in words):
            yield Quality("it said nothing before the end: that is no streaming")
        beside, _ = _heard_at_once(model, [given, replace(given, value=_reversed(given.value))], _BESIDE_S)
        if beside != [said for said in result if said.heard_s <= _BESIDE_S and not said.at_the_end]:
            yield "it hears something else when another stream is open"


def _heard_at_once(model: Any, all_given: Sequence[Given], until_s: float | None = None) -> list[list[Said]]:
    """What is said of sounds of one length in streams of their own, fed in turn; every stream is closed.

    Args:
        until_s: only so much is heard, and nobody asks for the rest; None: all.
    """
    streams: list[AsrStream] = []
    try:
        for given in all_given:
            streams.append(model.open_stream(dict(given.parameters)))
        said: list[list[Said]] = [[] for _ in streams]
        for pieces in zip(*(_pieces(given.value) for given in all_given), strict=True):
            if until_s is not None and pieces[0][0] > until_s:
                break
            for stream, told, (heard_s, piece) in zip(streams, said, pieces, strict=True):
                told += [Said(heard_s, heard, False) for heard in stream.hear(piece)]
        if until_s is not None:
            return said
        for stream, told, given in zip(streams, said, all_given, strict=True):
            told.append(Said(given.value.duration_s, stream.end_segment(), True))
        return said
    finally:
        for stream in streams:
            stream.close()


def _pieces(sound: Any) -> Iterator[tuple[float, Samples]]:
    size = round(_CHUNK_S * sound.sample_rate_hz)
    for start in range(0, len(sound.samples), size):
        piece = sound.samples[start : start + size]
        yield (start + len(piece)) / sound.sample_rate_hz, piece


def _reversed(sound: Any) -> Any:
    return replace(sound, samples=sound.samples[::-1].copy())


def _wrong_words(result: Sequence[Said]) -> Iterator[str]:
    settled = list(accumulate((said.heard.stable for said in result), initial=list[Word]()))
    for said, before in zip(result, settled, strict=False):
        words = [*before, *said.heard.stable, *said.heard.unstable]
        for word in words[len(before) :]:
            if not isinstance(word, Word) or not word.text.strip():
                yield f"a word has no text: {word}"
                return
            if not -TOLERANCE_S <= word.start_s <= word.end_s <= said.heard_s + TOLERANCE_S:
                yield f"a word lies outside the {said.heard_s:.2f} s that were heard: {word}"
                return
            if word.probability is not None and not 0.0 <= word.probability <= 1.0:
                yield f"a word's probability is not from 0 to 1: {word}"
                return
        if any(after.start_s < one.start_s - TOLERANCE_S for one, after in pairwise(words)):
            yield "words are not in order of time"
            return
