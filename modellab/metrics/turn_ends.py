"""Pauses at which a model said whether a turn was over, against what happened next.

What is known is who spoke next, not who meant to go on: who was interrupted counts as done, and who went on because
nobody took the turn counts as not done. What it does not say: how long an agent would have waited.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from modellab.metrics.score import Metric, Score
from modellab.surfaces.results import Segment, Turn
from modellab.surfaces.turn_ends import Pause

SCORER_VERSION = "1"
"""Raise it whenever the same pauses would give other counts."""
TOLERANCE_S = 0.5
"""A pause belongs to the nearest end of a turn that is no farther; further inside a turn its speaker went on."""
PROTOCOL = f"pauses within {TOLERANCE_S} s of a turn's end; over where another speaks next"

_RATES = {
    "turn_end_f1": ({"hits": 2}, {"hits": 2, "false_ends": 1, "missed_ends": 1}, ("right_holds",)),
    "turn_end_precision": ({"hits": 1}, {"hits": 1, "false_ends": 1}, ("missed_ends", "right_holds")),
    "turn_end_recall": ({"hits": 1}, {"hits": 1, "missed_ends": 1}, ("false_ends", "right_holds")),
    "turn_hold_recall": ({"right_holds": 1}, {"right_holds": 1, "false_ends": 1}, ("hits", "missed_ends")),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """Where somebody stopped speaking in the reference, and whether another spoke next."""

    at_s: float
    over: bool


def turn_end_rates() -> list[Metric]:
    """F1, precision and recall of turns that were over, and the share of the pauses of those who went on that were
    taken for pauses.

    Components: `hits`, turns that were over and of which that was said; `missed_ends`, those of which it was not, also
    because no pause was found; `false_ends`, pauses called over whose speaker went on; `right_holds`, those not called
    so.
    """
    return [
        Metric(name, "ratio", "higher", PROTOCOL, SCORER_VERSION, above, below, others)
        for name, (above, below, others) in _RATES.items()
    ]


def endings(turns: Sequence[Turn]) -> list[Ending]:
    """Every end of a turn after which somebody spoke, in order of time.

    Who speaks next is whoever speaks already where the turn ends, and else whoever begins first after it; of several
    that would do, another than the one who stopped.
    """
    found: list[Ending] = []
    for turn in turns:
        after = [other for other in turns if other is not turn and other.end_s > turn.end_s]
        if after:
            following = min(after, key=lambda one: (max(one.start_s, turn.end_s), one.speaker == turn.speaker))
            found.append(Ending(turn.end_s, following.speaker != turn.speaker))
    return sorted(found, key=lambda ending: ending.at_s)


def turn_end_scores(turns: Sequence[Turn], pauses: Sequence[Pause], *, evaluated: Sequence[Segment]) -> list[Score]:
    """Scores of pauses that lie in what is evaluated.

    Args:
        turns: of the reference. After the last nobody speaks: whether it was over is not known, and is not scored.
        pauses: each with what was said of it. One that is near no end of a turn and in none, or near one that
            another pause is nearer to, is not scored.
    """
    ends = [one for one in endings(turns) if _inside(one.at_s, evaluated)]
    asked = [one for one in pauses if _inside(one.at_s, evaluated)]
    last_s = max((turn.end_s for turn in turns), default=0.0)
    pairs = sorted(
        (abs(end.at_s - pause.at_s), e, p)
        for e, end in enumerate(ends)
        for p, pause in enumerate(asked)
        if abs(end.at_s - pause.at_s) <= TOLERANCE_S
    )
    said: dict[int, bool] = {}
    taken: set[int] = set()
    for _, e, p in pairs:
        if e not in said and p not in taken:
            said[e] = asked[p].over
            taken.add(p)
    near = {p for _, _, p in pairs}
    outcomes = [(end.over, said.get(number)) for number, end in enumerate(ends)]
    outcomes += [
        (False, pause.over)
        for number, pause in enumerate(asked)
        if number not in near and pause.at_s < last_s - TOLERANCE_S and _speaks(pause.at_s, turns)
    ]
    counts = {
        "hits": float(outcomes.count((True, True))),
        "missed_ends": float(outcomes.count((True, False)) + outcomes.count((True, None))),
        "false_ends": float(outcomes.count((False, True))),
        "right_holds": float(outcomes.count((False, False))),
    }
    return [Score(rate, counts) for rate in turn_end_rates()]


def _inside(at_s: float, spans: Sequence[Segment]) -> bool:
    return any(span.start_s <= at_s <= span.end_s for span in spans)


def _speaks(at_s: float, turns: Sequence[Turn]) -> bool:
    return any(turn.start_s < at_s < turn.end_s for turn in turns)
