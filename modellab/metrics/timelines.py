"""Turns and segments as pyannote's timelines, and what is wrong with those that can't be scored."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from modellab.surfaces.results import Segment, Turn, Utterance, Word

if TYPE_CHECKING:
    from pyannote.core import Annotation, Timeline


def annotation(turns: Iterable[Turn]) -> "Annotation":
    """Who speaks when; turns of one speaker that overlap or touch are one, so nobody speaks twice at once."""
    from pyannote import core

    spoken = core.Annotation()
    for track, turn in enumerate(turns):
        spoken[core.Segment(turn.start_s, turn.end_s), track] = turn.speaker
    return spoken.support()


def timeline(segments: Iterable[Segment | Turn]) -> "Timeline":
    """The time that is covered, in disjoint stretches."""
    from pyannote import core

    return core.Timeline([core.Segment(segment.start_s, segment.end_s) for segment in segments]).support()


def trouble_with(spans: Sequence[Segment | Turn | Word | Utterance], what: str) -> str | None:
    """Why spans that a model gave can't be scored: times that are no numbers, an end before its start.

    Args:
        what: one of them is called in the answer: `turn`.
    """
    for number, span in enumerate(spans, start=1):
        if not (math.isfinite(span.start_s) and math.isfinite(span.end_s)):
            return f"{what} {number} of {len(spans)} has a time that is no number: {span.start_s} to {span.end_s} s"
        if span.end_s < span.start_s:
            return f"{what} {number} of {len(spans)} ends before it begins: {span.start_s:g} to {span.end_s:g} s"
    return None
