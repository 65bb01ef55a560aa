"""Results between processed time, in which models work, and original time, in which results are kept."""

from dataclasses import replace
from typing import TypeVar

from modellab.media.audio import TimeMap
from modellab.surfaces.results import (
    MIN_WORD_S,
    Diarization,
    Segment,
    SpeechSegments,
    Transcript,
    Turn,
    Utterance,
    Word,
)

Timed = TypeVar("Timed", SpeechSegments, Transcript, Diarization)
_Span = TypeVar("_Span", Segment, Turn, Word, Utterance)


def restore_times(result: Timed, time_map: TimeMap) -> Timed:
    """A model's result with its times in the original recording and `duration_s` the original's.

    A segment, word or turn that goes over a cut stays one, from its original start to its original end. Times beyond
    the audio's ends are brought back to them. Words and utterances last at least `MIN_WORD_S`: models give some no
    length.
    """

    def restored(span: _Span) -> _Span:
        start_s, end_s = time_map.span_to_original(span.start_s, span.end_s)
        return replace(span, start_s=start_s, end_s=end_s)

    duration_s = time_map.original_duration_s
    if isinstance(result, SpeechSegments):
        return replace(result, segments=[restored(segment) for segment in result.segments], duration_s=duration_s)
    if isinstance(result, Diarization):
        return replace(result, turns=[restored(turn) for turn in result.turns], duration_s=duration_s)
    utterances = [
        _around(restored(utterance), [lasting(restored(word), duration_s) for word in utterance.words], duration_s)
        for utterance in result.utterances
    ]
    uncovered = [restored(segment) for segment in result.uncovered]
    return replace(result, utterances=utterances, uncovered=uncovered, duration_s=duration_s)


def _around(utterance: Utterance, words: list[Word], duration_s: float) -> Utterance:
    """An utterance with its words, none of which ends after it."""
    whole = lasting(utterance, duration_s)
    return replace(whole, end_s=max([whole.end_s, *(word.end_s for word in words)]), words=words)


def lasting(span: _Span, duration_s: float) -> _Span:
    """A word or utterance inside the recording that lasts at least `MIN_WORD_S`; at its end it begins earlier for it.

    What is in order of start stays so.
    """
    if span.start_s >= 0.0 and span.end_s <= duration_s and span.end_s - span.start_s >= MIN_WORD_S:
        return span
    start_s = min(max(span.start_s, 0.0), max(0.0, duration_s - MIN_WORD_S))
    end_s = min(max(span.end_s, start_s + MIN_WORD_S), duration_s)
    return replace(span, start_s=start_s, end_s=end_s)


def speech_in_processed_time(speech: SpeechSegments, time_map: TimeMap) -> list[Segment]:
    """Speech segments for a model that gets the processed audio; segments that were cut entirely are left out."""
    segments = (
        Segment(time_map.to_processed(segment.start_s), time_map.to_processed(segment.end_s))
        for segment in speech.segments
    )
    return [segment for segment in segments if segment.duration_s > 0.0]
