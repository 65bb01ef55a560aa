"""How often models were loaded, and how often they were in memory already."""

import pytest


def test_loads_and_hits_are_told_apart_and_cached_results_are_neither(hand_made):
    hand_made.result("a", "one", model="toy:v", load_s=0.5)
    hand_made.result("a", "two", model="toy:v", load_s=0.0)
    last = hand_made.result("a", "three", model="toy:v", load_s=0.0)
    hand_made.result("a", "four", model="toy:v", load_s=0.7)
    hand_made.attempt("a", "three", model="toy:v", fingerprint=last, cached=True, load_s=0.0)
    hand_made.result("b", "one", model="other:v", load_s=0.1)
    found = hand_made.rows("SELECT model, loads, hits, load_s, typical_load_s FROM model_loads ORDER BY model")
    assert found == [("other:v", 1, 0, 0.1, 0.1), ("toy:v", 2, 2, pytest.approx(1.2), pytest.approx(0.6))]


def test_evictions_count_beside_loads_and_each_says_why(hand_made):
    went = {"model": "toy:v", "why": "budget", "device": "cpu", "memory_mib": 600, "wanted": "other:v"}
    went |= {"wanted_mib": 700, "held_mib": 1000, "budget_mib": 1024.0}
    hand_made.result("a", "one", model="toy:v", load_s=0.5)
    hand_made.result("a", "two", model="toy:v", load_s=0.5)
    hand_made.result("a", "three", model="toy:v", load_s=0.5, machine="m2")
    hand_made.result("b", "one", model="other:v", load_s=0.1, evictions=[went])
    hand_made.attempt("b", "two", model="other:v", status="failed", machine="m1", evictions=[went])
    found = hand_made.rows("SELECT model, machine, loads, evictions FROM model_loads ORDER BY ALL")
    assert found == [("other:v", "m1", 1, 0), ("toy:v", "m1", 2, 2), ("toy:v", "m2", 1, 0)]
    rows = hand_made.rows(
        "SELECT input, status, model, why, wanted, memory_mib, wanted_mib, held_mib, budget_mib FROM model_evictions"
        " ORDER BY input"
    )
    said = ("toy:v", "budget", "other:v", 600, 700, 1000, 1024.0)
    assert rows == [("one", "completed", *said), ("two", "failed", *said)]
