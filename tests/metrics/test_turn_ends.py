"""Pauses held against who spoke next, on turns laid by hand."""

import pytest

from modellab.datasets.reference import Reference
from modellab.metrics.suites import end_of_turn
from modellab.metrics.turn_ends import Ending, endings, turn_end_scores
from modellab.surfaces.results import Segment, Turn
from modellab.surfaces.turn_ends import Pause, TurnEnds

TURNS = [
    Turn(0.0, 2.0, "A"),
    Turn(2.5, 4.0, "A"),
    Turn(4.2, 8.0, "B"),
    Turn(7.5, 10.0, "A"),
    Turn(11.0, 12.0, "B"),
]
WHOLE = [Segment(0.0, 14.0)]


def pause(at_s: float, over: bool) -> Pause:
    return Pause(at_s, 0.9 if over else 0.1, over, 1.0)


def counts(pauses: list[Pause], evaluated: list[Segment] = WHOLE) -> dict[str, float]:
    f1, precision, recall, hold = turn_end_scores(TURNS, pauses, evaluated=evaluated)
    assert f1.components == precision.components == recall.components == hold.components
    return {name: count for name, count in f1.components.items() if count}


def test_who_speaks_next_speaks_already_or_begins_first_and_the_last_is_not_known() -> None:
    assert endings(TURNS) == [Ending(2.0, False), Ending(4.0, True), Ending(8.0, True), Ending(10.0, True)]
    # A goes on speaking while B says yes: B has done, A's first turn ends in A's next.
    assert endings([Turn(0.0, 5.0, "A"), Turn(2.0, 3.0, "B"), Turn(6.0, 7.0, "A")]) == [
        Ending(3.0, True),
        Ending(5.0, False),
    ]
    # Both begin at once: the turn is another's.
    assert endings([Turn(0.0, 1.0, "A"), Turn(2.0, 3.0, "A"), Turn(2.0, 3.0, "B")])[0] == Ending(1.0, True)


def test_every_kind_of_pause_is_counted_once() -> None:
    right = [pause(2.1, False), pause(4.1, True), pause(7.9, True), pause(10.4, True)]
    assert counts(right) == {"hits": 3.0, "right_holds": 1.0}
    assert counts([pause(2.1, True), pause(4.1, False)]) == {"false_ends": 1.0, "missed_ends": 3.0}
    # Inside a turn its speaker goes on, whatever was said; far from all turns nobody knows.
    assert counts([*right, pause(5.5, True), pause(6.5, False)])["false_ends"] == 1.0
    assert counts([*right, pause(10.8, True), pause(12.0, True), pause(13.5, True)]) == counts(right)


def test_of_two_pauses_near_one_end_the_nearer_counts() -> None:
    assert counts([pause(3.7, False), pause(4.05, True)]) == {"hits": 1.0, "missed_ends": 2.0}


def test_only_what_is_evaluated_counts() -> None:
    assert counts([pause(4.1, True), pause(10.1, True)], [Segment(3.0, 5.0)]) == {"hits": 1.0}


def test_figures_follow_from_the_counts() -> None:
    pauses = [pause(2.0, True), pause(4.0, True), pause(8.0, False), pause(10.0, True), pause(6.0, False)]
    found = {score.metric.name: score.value for score in turn_end_scores(TURNS, pauses, evaluated=WHOLE)}
    assert found == {
        "turn_end_f1": pytest.approx(4 / 6),
        "turn_end_precision": pytest.approx(2 / 3),
        "turn_end_recall": pytest.approx(2 / 3),
        "turn_hold_recall": 0.5,
    }


def test_the_suite_needs_turns_of_two() -> None:
    found = TurnEnds([pause(2.0, False)], 14.0)
    assert end_of_turn.scores(Reference(), found) == []
    alone = end_of_turn.scores(Reference(turns=[Turn(0.0, 2.0, "A"), Turn(3.0, 4.0, "A")]), found)
    assert {score.error for score in alone} == {"nobody takes the turn: the reference has fewer than two speakers"}
    whole = end_of_turn.scores(Reference(turns=TURNS), found)
    assert tuple(score.metric.name for score in whole) == end_of_turn.METRICS
    part = end_of_turn.scores(Reference(turns=TURNS, evaluated=[Segment(0.0, 3.0)]), found)
    assert part[0].components == {"hits": 0.0, "missed_ends": 0.0, "false_ends": 0.0, "right_holds": 1.0}
