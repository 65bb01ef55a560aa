"""What the turns of a reference say of pauses at which a turn was said to be over or not."""

from modellab.datasets.reference import Reference
from modellab.metrics.score import Score
from modellab.metrics.turn_ends import turn_end_rates, turn_end_scores
from modellab.surfaces.results import Segment
from modellab.surfaces.turn_ends import TurnEnds

METRICS: tuple[str, ...] = ("turn_end_f1", "turn_end_precision", "turn_end_recall", "turn_hold_recall")


def scores(reference: Reference, found: TurnEnds) -> list[Score]:
    """Every figure there is; none where nobody knows the turns, an error where only one person speaks."""
    if reference.turns is None:
        return []
    if len({turn.speaker for turn in reference.turns}) < 2:
        trouble = "nobody takes the turn: the reference has fewer than two speakers"
        return [Score(metric, {}, error=trouble) for metric in turn_end_rates()]
    whole = [Segment(0.0, found.duration_s)]
    evaluated = whole if reference.evaluated is None else reference.evaluated
    return turn_end_scores(reference.turns, found.pauses, evaluated=evaluated)
