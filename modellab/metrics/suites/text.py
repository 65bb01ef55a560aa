"""What chapters, summary and action items of a recording are held against."""

import math
from collections.abc import Mapping, Sequence
from datetime import date

from modellab.datasets.reference import Reference, ReferenceAction
from modellab.metrics.actions import Action, action_scores
from modellab.metrics.rouge import rouge_scores
from modellab.metrics.score import Score
from modellab.metrics.segmentation import boundary_f1, boundary_metric, window_metric, window_scores
from modellab.metrics.timelines import annotation, trouble_with
from modellab.surfaces.results import Segment, Transcript, Turn
from modellab.text.results import ActionItems, Chapters, Summary

METRICS = (
    *("pk", "windowdiff", "boundary_f1"),
    *("rouge1", "rouge2", "rouge_l"),
    *("action_precision", "action_recall", "action_f1", "assignee_accuracy", "due_date_accuracy"),
)

_UNIT = "1 s"
"""Chapters are compared second by second, whatever the transcript's words."""


def scores(
    reference: Reference,
    transcript: Transcript,
    chapters: Chapters | None = None,
    summary: Summary | None = None,
    action_items: ActionItems | None = None,
) -> list[Score]:
    """Scores of each result that there is and whose reference is known, in the order of `METRICS`.

    Args:
        transcript: what they were made of: it says how long the recording is, and who speaks.
    """
    found: list[Score] = []
    if reference.chapters is not None and chapters is not None:
        starts_s = [chapter.start_s for chapter in reference.chapters]
        found += _chapters(starts_s, chapters, transcript.duration_s)
    if reference.summary and summary is not None:
        text = " ".join(line.text for line in summary.lines)
        found += rouge_scores(reference.summary, text, reference.language)
    if reference.actions is not None and action_items is not None:
        labelled = [_labelled(action) for action in reference.actions]
        found += action_scores(labelled, _found(action_items, reference, transcript))
    return found


def _chapters(reference_s: Sequence[float], found: Chapters, duration_s: float) -> list[Score]:
    """Boundaries are where chapters begin, but for the first of each side."""
    if trouble := trouble_with([Segment(one.start_s, one.end_s) for one in found.chapters], "chapter"):
        metrics = window_metric("pk", _UNIT), window_metric("windowdiff", _UNIT), boundary_metric()
        return [Score(metric, {}, trouble) for metric in metrics]
    boundaries_s, others_s = sorted(reference_s)[1:], sorted(one.start_s for one in found.chapters)[1:]
    seconds = math.ceil(max([duration_s, *boundaries_s, *others_s]))
    places, others = ({round(start_s) for start_s in side} - {0, seconds} for side in (boundaries_s, others_s))
    return [*window_scores(places, others, seconds, _UNIT), boundary_f1(boundaries_s, others_s)]


def _labelled(action: ReferenceAction) -> Action:
    start_s, end_s = action.start_s, action.end_s
    spans = () if start_s is None or end_s is None else (Segment(start_s, end_s),)
    due = None if action.due_date is None else date.fromisoformat(action.due_date)
    return Action(action.task, _names(action.assignee), due, spans)


def _found(items: ActionItems, reference: Reference, transcript: Transcript) -> list[Action]:
    known = _reference_names(transcript, reference)
    return [
        Action(
            item.task,
            _names(item.assignee, item.assignee_speaker, known.get(item.assignee_speaker)),
            item.due_date,
            tuple(Segment(one.start_s, one.end_s) for one in item.evidence),
        )
        for item in items.items
    ]


def _names(*names: str | None) -> frozenset[str]:
    return frozenset(name for name in names if name is not None)


def _reference_names(transcript: Transcript, reference: Reference) -> Mapping[str | None, str]:
    """Label of a speaker in the transcript -> that in the reference, so that they speak together the longest."""
    spoken = reference.turns if reference.turns is not None else reference.utterances or []
    theirs = [Turn(one.start_s, one.end_s, one.speaker) for one in transcript.utterances if one.speaker is not None]
    if not spoken or not theirs:
        return {}
    from pyannote.metrics.diarization import DiarizationErrorRate

    ours = annotation(Turn(one.start_s, one.end_s, one.speaker) for one in spoken)
    found: Mapping[str | None, str] = DiarizationErrorRate().optimal_mapping(ours, annotation(theirs))
    return found
