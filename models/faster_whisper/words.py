"""From what faster-whisper decoded of a chunk to utterances in the audio's time."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from modellab.speech.pieces import Piece
from modellab.speech.word_times import measured
from modellab.surfaces.results import Utterance, Word


def utterances_of(chunk: Piece, segments: Iterable[Any], offset_s: float) -> list[Utterance]:
    """Utterances, one for each unbroken stretch of speech of each segment.

    Args:
        segments: `faster_whisper.transcribe.Segment`s with words.
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
            no_speech_probability=float(segment.no_speech_prob),
            compression_ratio=float(segment.compression_ratio),
        )
        utterances += measured(chunk, words, about)
    return utterances


def _in_order(words: Iterable[Any], offset_s: float, end_s: float) -> Iterator[Word]:
    """Words in the chunk's time, none before another's end. Whisper's alignment is monotone, but faster-whisper's
    shortening of long words after pauses and rounding to 10 ms need not be."""
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
