"""What a reference says of where speech was found."""

from modellab.datasets.reference import Reference
from modellab.metrics.detection import detection_rates, detection_scores
from modellab.metrics.score import Score
from modellab.metrics.timelines import trouble_with
from modellab.surfaces.results import Segment, SpeechSegments

METRICS: tuple[str, ...] = ("detection_error", "vad_missed", "vad_false_alarm", "vad_precision", "vad_recall")


def scores(reference: Reference, found: SpeechSegments) -> list[Score]:
    """Every figure there is; none where nobody knows where there is speech.

    Where only turns are known, there is speech where there is a turn.
    """
    known = reference.speech if reference.speech is not None else reference.turns
    if known is None:
        return []
    if trouble := trouble_with(found.segments, "segment"):
        return [Score(metric, {}, error=trouble) for metric in detection_rates()]
    whole = [Segment(0.0, found.duration_s)]
    evaluated = whole if reference.evaluated is None else reference.evaluated
    return detection_scores(known, found.segments, evaluated=evaluated)
