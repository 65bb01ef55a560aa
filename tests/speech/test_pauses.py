"""Where people stop speaking, and what they said until then, on turns laid by hand."""

from hypothesis import given
from hypothesis import strategies as st

from modellab.speech.pauses import Stop, stops
from modellab.surfaces.results import Segment, Turn


def found(speech: list[tuple[float, float]], turns: list[Turn] | None, min_pause_s: float = 0.2) -> list[Stop]:
    return stops([Segment(*one) for one in speech], turns, min_pause_s=min_pause_s, duration_s=20.0)


def test_without_turns_all_speech_is_one_persons_and_short_gaps_are_none() -> None:
    assert found([(1.0, 3.0), (3.1, 4.0), (5.0, 6.0)], None) == [
        Stop(4.0, 1.0, 5.0, None),
        Stop(6.0, 1.0, 20.0, None),
    ]
    assert [stop.at_s for stop in found([(1.0, 3.0), (3.1, 4.0)], None, min_pause_s=0.0)] == [3.0, 4.0]


def test_a_person_began_after_the_one_who_began_before_them() -> None:
    turns = [Turn(1.0, 6.0, "A"), Turn(6.0, 8.0, "B"), Turn(8.5, 12.0, "A")]
    assert found([(1.0, 3.0), (3.5, 8.0), (8.5, 9.0), (10.0, 12.0)], turns) == [
        Stop(3.0, 1.0, 3.5, "A"),
        Stop(6.0, 1.0, 6.0, "A"),
        Stop(8.0, 6.0, 8.5, "B"),
        Stop(9.0, 8.5, 10.0, "A"),
        Stop(12.0, 8.5, 20.0, "A"),
    ]


def test_who_stops_while_another_speaks_leaves_no_quiet_and_slivers_are_no_speech() -> None:
    turns = [Turn(1.0, 5.0, "A"), Turn(2.0, 3.0, "B"), Turn(4.95, 5.0, "B")]
    assert found([(1.0, 5.0)], turns) == [Stop(3.0, 2.0, 3.0, "B"), Stop(5.0, 1.0, 20.0, "A")]


def test_nobody_stops_where_nobody_speaks() -> None:
    assert found([], [Turn(1.0, 2.0, "A")]) == []
    assert found([(1.0, 2.0)], []) == []


@given(
    edges=st.lists(st.integers(0, 80), min_size=2, max_size=16, unique=True),
    spans=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 30), st.sampled_from("AB")), max_size=8),
)
def test_stops_are_ends_of_what_both_say(edges: list[int], spans: list[tuple[int, int, str]]) -> None:
    """Against a clock that ticks every quarter of a second and knows nothing of intervals."""
    edges = sorted(edges)[: len(edges) // 2 * 2]
    speech = [Segment(a / 4, b / 4) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    turns = [Turn(start / 4, (start + length) / 4, who) for start, length, who in spans]
    answer = stops(speech, turns, min_pause_s=0.25, duration_s=30.0)

    def speaks(tick: int, who: str) -> bool:
        at = (tick + 0.5) / 4
        return any(one.start_s < at < one.end_s for one in speech) and any(
            turn.start_s < at < turn.end_s and turn.speaker == who for turn in turns
        )

    expected = {
        ((tick + 1) / 4, who) for who in "AB" for tick in range(110) if speaks(tick, who) > speaks(tick + 1, who)
    }
    assert {(stop.at_s, stop.speaker) for stop in answer} == expected
    assert all(stop.since_s < stop.at_s <= stop.quiet_until_s for stop in answer)
    assert [stop.at_s for stop in answer] == sorted(stop.at_s for stop in answer)
