"""What the turns of a reference say of a diarization."""

from modellab.datasets.reference import Reference
from modellab.metrics.diarization import diarization_rates, diarization_scores
from modellab.metrics.score import Score
from modellab.metrics.timelines import trouble_with
from modellab.surfaces.results import Diarization, Segment

METRICS: tuple[str, ...] = (
    *("der", "der_missed", "der_false_alarm", "der_confusion", "der_lenient", "jer"),
    *("speaker_count_error", "speaker_purity", "speaker_coverage"),
)


def scores(reference: Reference, found: Diarization) -> list[Score]:
    """Every figure there is; none where nobody knows the turns."""
    if reference.turns is None:
        return []
    if trouble := trouble_with(found.turns, "turn"):
        return [Score(metric, {}, error=trouble) for metric in diarization_rates()]
    whole = [Segment(0.0, found.duration_s)]
    evaluated = whole if reference.evaluated is None else reference.evaluated
    return diarization_scores(reference.turns, found.turns, evaluated=evaluated)
