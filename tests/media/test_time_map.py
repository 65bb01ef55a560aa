from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.media.audio import KeptPiece, TimeMap

RATE_HZ = 16_000
# Of 10 s, [2, 5) and [7, 8) were cut.
CUT = TimeMap((KeptPiece(0.0, 0.0, 2.0), KeptPiece(5.0, 2.0, 2.0), KeptPiece(8.0, 4.0, 2.0)), 10.0)


@st.composite
def maps(draw: st.DrawFn) -> tuple[TimeMap, list[int]]:
    """A map of whole samples, and the original index of each processed sample (the slow oracle)."""
    lengths = draw(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=1, max_size=6))
    lead = draw(st.integers(0, 20))
    kept: list[tuple[float, float]] = []
    oracle: list[int] = []
    position = lead
    for keep, cut in lengths:
        kept.append((position / RATE_HZ, (position + keep) / RATE_HZ))
        oracle += range(position, position + keep)
        position += keep + max(cut, 1)
    return TimeMap.identity(position / RATE_HZ).keep(kept), oracle


def test_identity() -> None:
    time_map = TimeMap.identity(3.5)
    assert time_map.is_identity and time_map.duration_s == 3.5
    assert [time_map.to_original(t) for t in (-1.0, 0.0, 1.25, 3.5, 9.0)] == [0.0, 0.0, 1.25, 3.5, 3.5]
    assert [time_map.to_processed(t) for t in (-1.0, 0.0, 1.25, 3.5, 9.0)] == [0.0, 0.0, 1.25, 3.5, 3.5]


def test_a_cut_has_two_sides() -> None:
    assert not CUT.is_identity and CUT.duration_s == 6.0
    assert CUT.to_original(2.0) == 5.0
    assert CUT.to_original(2.0, end=True) == 2.0
    assert CUT.to_original(4.0) == 8.0
    assert CUT.to_original(4.0, end=True) == 7.0
    assert CUT.to_original(6.0, end=True) == 10.0


def test_a_time_next_to_a_cut_stays_on_its_side_though_floats_are_inexact() -> None:
    assert CUT.to_original(2.0 - 1e-9) == 5.0
    assert CUT.to_original(2.0 + 1e-9, end=True) == 2.0
    assert CUT.to_original(2.0 - 1e-3) == pytest.approx(1.999)


def test_times_that_were_cut_give_the_place_of_the_cut() -> None:
    assert [CUT.to_processed(t) for t in (1.0, 2.0, 3.3, 4.999, 5.0, 7.5, 9.0)] == [1.0, 2.0, 2.0, 2.0, 2.0, 4.0, 5.0]


def test_a_span_over_a_cut_takes_in_what_was_cut() -> None:
    assert CUT.span_to_original(1.0, 3.0) == (1.0, 6.0)
    assert CUT.span_to_original(2.0, 4.0) == (5.0, 7.0)
    assert CUT.span_to_original(1.0, 2.0) == (1.0, 2.0)
    assert CUT.span_to_original(2.0, 2.0) == (5.0, 5.0)


def test_cutting_twice() -> None:
    again = CUT.keep([(1.0, 3.0), (5.0, 6.0)])
    assert again.pieces == (KeptPiece(1.0, 0.0, 1.0), KeptPiece(5.0, 1.0, 1.0), KeptPiece(9.0, 2.0, 1.0))
    assert again.original_duration_s == 10.0


def test_no_pieces_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one piece"):
        TimeMap((), 1.0)


@given(maps())
def test_every_sample_goes_to_its_original_place_and_back(case: tuple[TimeMap, list[int]]) -> None:
    time_map, oracle = case
    for index, original in enumerate(oracle):
        middle_s = (index + 0.5) / RATE_HZ
        assert time_map.to_original(middle_s) == pytest.approx((original + 0.5) / RATE_HZ, abs=1e-9)
        assert time_map.to_processed((original + 0.5) / RATE_HZ) == pytest.approx(middle_s, abs=1e-9)


@given(maps(), st.floats(0.0, 1.0), st.booleans())
def test_there_and_back(case: tuple[TimeMap, list[int]], share: float, end: bool) -> None:
    time_map, _ = case
    time_s = share * time_map.duration_s
    assert time_map.to_processed(time_map.to_original(time_s, end=end)) == pytest.approx(time_s, abs=1.01e-6)


@given(maps(), st.lists(st.floats(-0.001, 0.02), min_size=2, max_size=20))
def test_both_directions_never_fall(case: tuple[TimeMap, list[int]], times_s: list[float]) -> None:
    time_map, _ = case
    ordered = sorted(times_s)
    for mapped in (
        [time_map.to_original(t) for t in ordered],
        [time_map.to_original(t, end=True) for t in ordered],
        [time_map.to_processed(t) for t in ordered],
    ):
        assert all(later >= earlier for earlier, later in pairwise(mapped))
