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
