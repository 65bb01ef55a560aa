"""Runs: all of them and nothing else, against trying every period."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.text.runs import Run, runs


def by_trying(symbols: list[int], times: int) -> set[Run]:
    """Every period, one after the other; a run with a shorter period is none with its multiples."""
    found: dict[tuple[int, int], Run] = {}
    for period in range(1, len(symbols) // 2 + 1):
        place = 0
        while place + period < len(symbols):
            end = place
            while end + period < len(symbols) and symbols[end] == symbols[end + period]:
                end += 1
            if end - place + period >= 2 * period:
                found.setdefault((place, end + period), Run(place, end + period, period))
            place = max(end, place) + 1
    return {run for run in found.values() if run.end - run.start >= times * run.period}


@given(
    st.one_of(
        st.lists(st.integers(0, 1), max_size=60),
        st.lists(st.integers(0, 3), max_size=60),
        st.tuples(
            st.lists(st.integers(0, 2), min_size=1, max_size=9), st.integers(1, 6), st.lists(st.integers(0, 2))
        ).map(lambda made: made[2][:7] + made[0] * made[1] + made[2][7:20]),
    ),
    st.integers(2, 4),
)
def test_they_are_those_that_trying_every_period_finds(symbols: list[int], times: int) -> None:
    found = runs(symbols, times=times)
    assert set(found) == by_trying(symbols, times)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("text", "times", "found"),
    [
        ("", 2, []),
        ("a", 2, []),
        ("aa", 2, [Run(0, 2, 1)]),
        ("mississippi", 2, [Run(2, 4, 1), Run(5, 7, 1), Run(8, 10, 1), Run(1, 8, 3)]),
        ("xabcabcabcaby", 3, [Run(1, 12, 3)]),
    ],
)
def test_small_ones(text: str, times: int, found: list[Run]) -> None:
    assert runs([ord(letter) for letter in text], times=times) == found


def test_twice_as_many_symbols_take_about_twice_as_long() -> None:
    """Trying every period of 80,000 would compare three billion pairs; the worst case of it is a loop."""
    loop = np.tile(np.random.default_rng(7).integers(0, 5000, 9000), 9)[:80_000]
    taken = {}
    for size in (20_000, 80_000):
        began = time.process_time()
        assert runs(loop[:size], times=2)[-1].period == 9000
        taken[size] = time.process_time() - began
    assert taken[80_000] < 10 * taken[20_000]
