"""How fast systems were: of what they made last, by whoever made it, and never of the cache."""

import pytest

from modellab.evaluation.speed import SPEED

ASKED = SPEED.replace("$systems", "['a', 'b']").replace("$dataset", "'calls'").replace("$version", "'1'")


def _speeds(hand_made):
    columns = "system, step, threads, runs, cold_runs, audio_s, inference_s, slope, intercept_s, load_s"
    return hand_made.rows(f"SELECT {columns} FROM ({ASKED}) ORDER BY ALL")


def test_a_line_through_durations_is_slope_and_intercept_and_what_is_not_of_the_dataset_does_not_count(hand_made):
    for source, audio_s, inference_s in (("one", 10.0, 3.0), ("two", 30.0, 7.0), ("elsewhere", 30.0, 99.0)):
        hand_made.result("a", source, audio_s=audio_s, inference_s=inference_s, threads=2, load_s=0.5)
    for case in ("one", "two"):
        hand_made.case(case)
    assert _speeds(hand_made) == [("a", "asr", 2, 2, 0, 40.0, 10.0, 0.2, pytest.approx(1.0), 0.5)]


def test_the_speed_of_an_earlier_result_and_of_the_cache_is_none(hand_made):
    hand_made.case("one")
    hand_made.result("a", "one", audio_s=10.0, inference_s=9.0)
    last = hand_made.result("a", "one", audio_s=10.0, inference_s=2.0, first_inference=True)
    hand_made.attempt("a", "one", fingerprint=last, cached=True, inference_s=0.0)
    # Another system that has the same result by the cache was as fast as whoever made it.
    hand_made.attempt("b", "one", fingerprint=last, cached=True, inference_s=0.0)
    assert [row[:7] for row in _speeds(hand_made)] == [
        ("a", "asr", None, 1, 1, 10.0, 2.0),
        ("b", "asr", None, 1, 1, 10.0, 2.0),
    ]


def test_protocols_that_differ_are_never_averaged(hand_made):
    for number, threads in enumerate((1, 2)):
        hand_made.case(f"c{number}")
        hand_made.result("a", f"c{number}", audio_s=10.0, inference_s=2.0, threads=threads)
    assert [row[:4] for row in _speeds(hand_made)] == [("a", "asr", 1, 1), ("a", "asr", 2, 1)]
