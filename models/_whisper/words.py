"""From what a Whisper decoded of a piece of speech to utterances in the audio's time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from modellab.speech.pieces import Piece
from modellab.speech.word_times import measured
from modellab.surfaces.results import Utterance, Word


class Spoken(Protocol):
    """A word as Whispers give it; faster-whisper's have these names."""

    @property
    def word(self) -> str:
        """With the space before it, where there is one."""

    @property
    def start(self) -> float:
        """In seconds."""

    @property
    def end(self) -> float:
        """In seconds."""

    @property
    def probability(self) -> float:
        """From 0 to 1."""


class Decoded(Protocol):
    """A segment as Whispers give it; faster-whisper's have these names."""

    @property
    def words(self) -> Sequence[Spoken] | None:
        """In order."""

    @property
    def avg_logprob(self) -> float:
        """Mean over its tokens, natural logarithm."""

    @property
    def no_speech_prob(self) -> float | None:
        """How likely there is no speech in it; None of a package that does not tell."""

    @property
    def compression_ratio(self) -> float | None:
        """Length of the text over its zlib length."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A `Spoken`."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class DecodedSegment:
    """A `Decoded`."""

    words: Sequence[SpokenWord]
    avg_logprob: float
    no_speech_prob: float | None
    compression_ratio: float | None


def utterances_of(chunk: Piece, segments: Iterable[Decoded], offset_s: float) -> list[Utterance]:
    """Utterances, one for each unbroken stretch of speech of each segment.

    Args:
        segments: in order, with words.
        offset_s: where the chunk begins in the time of the segments.
    """
    utterances: list[Utterance] = []
    end_s = 0.0
    for segment in segments:
        words = list(_joined(_in_order(segment.words or (), offset_s, end_s)))
        if not words:
            continue
        end_s = words[-1].end_s
        about = Utterance(
            0.0,
            0.0,
            "",
            average_log_probability=float(segment.avg_logprob),
            no_speech_probability=_plain(segment.no_speech_prob),
            compression_ratio=_plain(segment.compression_ratio),
        )
        utterances += measured(chunk, words, about)
    return utterances


def _plain(value: float | None) -> float | None:
    """A number of numpy's as Python's."""
    return None if value is None else float(value)


def _in_order(words: Iterable[Spoken], offset_s: float, end_s: float) -> Iterator[Word]:
    """Words in the chunk's time, none before another's end. Whisper's alignment is monotone, but shortening long
    words after pauses and rounding to 10 ms need not be."""
    for word in words:
        text = word.word.strip()
        if not text:
            continue
        start_s = max(float(word.start) - offset_s, end_s)
        end_s = max(float(word.end) - offset_s, start_s)
        yield Word(text, start_s, end_s, min(1.0, float(word.probability)), word.word[:1].isspace())


def _joined(words: Iterable[Word]) -> Iterator[Word]:
    """Words as they are written: Whisper takes `cold-hearted` for two, the second `-hearted` without a space before it.

    The whole is as likely as its less likely part.
    """
    whole: Word | None = None
    for word in words:
        if whole and not word.space_before and not word.text[0].isalnum():
            probability = min(whole.probability or 0.0, word.probability or 0.0)
            whole = replace(whole, text=whole.text + word.text, end_s=word.end_s, probability=probability)
            continue
        if whole:
            yield whole
        whole = word
    if whole:
        yield whole
