"""Several pieces of work at once: in order, none lost, and who stops asking stops the rest."""

import threading

import pytest

from modellab import at_once as module
from modellab.at_once import at_once

GENEROUS_S = 60.0


def test_results_come_in_order_whatever_takes_longer() -> None:
    released = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert released.wait(GENEROUS_S), "nothing else was begun while the first was at work"
        if number == 3:
            released.set()
        return number * number

    assert list(at_once(work, range(50))) == [number * number for number in range(50)]
    assert list(at_once(work, [])) == []


def test_an_error_comes_when_it_is_its_turn_and_ends_it() -> None:
    def work(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return number

    seen = []
    with pytest.raises(ValueError, match="five"):
        for one in at_once(work, range(1000)):
            seen.append(one)
    assert seen == [0, 1, 2, 3, 4]


def test_who_stops_asking_waits_for_what_is_begun_and_begins_no_more() -> None:
    begun: list[int] = []
    results = at_once(lambda number: begun.append(number) or number, range(10_000))
    assert next(results) == 0
    results.close()
    assert len(begun) <= module._AHEAD
    assert threading.active_count() < 50 and not [
        each for each in threading.enumerate() if each.name.startswith("modellab-at-once")
    ]
