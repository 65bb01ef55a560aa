"""Speed and memory over time: what is a measurement, where it goes, and from when on it is another."""

import random
from datetime import UTC, datetime, timedelta

import pytest

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
HISTORY = "SELECT {} FROM speed_history ORDER BY ALL"
CHANGES = "SELECT metric, measured_at, before, after, change FROM speed_changes ORDER BY ALL"


def _week(number):
    return START + timedelta(weeks=number)


def _measure(hand_made, week, paces, repeats=3, memory=500.0, **values):
    """Recordings of ten seconds each, so many times; the last repeat is the fastest: pace -> seconds for a second."""
    at = _week(week)
    for repeat in range(repeats):
        for number, pace in enumerate(paces):
            at += timedelta(minutes=1)
            said = at.isoformat()
            slower = 1.0 + 0.3 * (repeats - 1 - repeat)
            hand_made.attempt(
                "a", f"r{number}",
                **{
                    "started_at": said, "ended_at": said, "audio_s": 10.0, "inference_s": 10.0 * pace * slower,
                    "first_inference": False, "device": "cpu", "threads": 2, "machine": "m1", "model": "m:v",
                    "peak_memory_mib": memory + repeat, **values,
                },
            )  # fmt: skip


@pytest.fixture
def made(hand_made):
    for number in range(3):
        hand_made.case(f"r{number}")
    return hand_made


def test_the_fastest_repeat_of_each_recording_counts(made):
    _measure(made, 0, [0.1, 0.3], memory=500.0)
    columns = "system, step, threads, recordings, repeats, round(real_time_factor, 9), peak_memory_mib"
    assert made.rows(HISTORY.format(columns)) == [("a", "asr", 2, 2, 3, 0.2, 500.0)]


def test_what_was_no_measurement_is_none(made):
    _measure(made, 0, [0.1], cached=True)
    _measure(made, 0, [0.1], first_inference=True)
    _measure(made, 0, [0.1], status="failed")
    made.attempt("a", "elsewhere", inference_s=1.0, first_inference=False)
    assert made.rows(HISTORY.format("*")) == []


def test_only_like_is_beside_like(made):
    _measure(made, 0, [0.1, 0.1])
    _measure(made, 1, [0.1])  # other recordings
    for name, value in (("threads", 4), ("machine", "m2"), ("device", "cuda"), ("compute_type", "int8")):
        _measure(made, 2, [0.2, 0.2], **{name: value})
    assert len(made.rows(HISTORY.format("*"))) == 6
    trends = "SELECT count(DISTINCT series), max(measurements), max(per_month) FROM speed_trends"
    assert made.rows(trends) == [(6, 1, None)]


def test_a_night_on_which_missing_results_were_made_is_no_measurement_of_speed(made):
    for week in range(3):
        _measure(made, week, [0.1])
        _measure(made, week + 0.5, [0.9], repeats=1)
    assert made.rows(HISTORY.format("repeats, round(real_time_factor, 9)")) == [(1, 0.9)] * 3 + [(3, 0.1)] * 3
    [trend] = made.rows("SELECT measurements, per_month FROM speed_trends WHERE metric = 'real_time_factor'")
    assert trend == (3, pytest.approx(0.0, abs=1e-9))


def test_a_trend_is_the_part_by_which_it_grows_in_a_month(made):
    for week in range(10):
        _measure(made, week, [0.1 * 1.02 ** (week * 7 / 30)])
    [trend] = made.rows(
        "SELECT measurements, first_value, last_value, per_month FROM speed_trends WHERE metric = 'real_time_factor'"
    )
    assert trend == (10, pytest.approx(0.1), pytest.approx(0.1 * 1.02**2.1), pytest.approx(0.02))


def test_a_jump_is_found_where_it_is_and_a_slow_night_is_none(made):
    for week in range(16):
        pace = 0.1 if week < 7 else 0.13
        _measure(made, week, [pace * (1.5 if week == 3 else 1.0)], memory=500.0 if week < 11 else 900.0)
    assert made.rows(CHANGES) == [
        ("peak_memory_mib", _week(11) + timedelta(minutes=1), 500.0, 900.0, pytest.approx(0.8)),
        (
            "real_time_factor",
            _week(7) + timedelta(minutes=1),
            pytest.approx(0.1),
            pytest.approx(0.13),
            pytest.approx(0.3),
        ),
    ]


def test_two_measurements_are_no_change_yet(made):
    for week in range(8):
        _measure(made, week, [0.1 if week < 6 else 0.2])
    assert made.rows(CHANGES) == []
    _measure(made, 8, [0.2])
    assert [row[1] for row in made.rows(CHANGES)] == [_week(6) + timedelta(minutes=1)]


@pytest.mark.parametrize("seed", range(4))
def test_changes_are_those_that_an_optimal_search_finds(made, seed):
    """Against ruptures: of histories with jumps at least five weeks apart the exact segmentation, given how many."""
    import numpy as np
    import ruptures

    draw = random.Random(seed)
    planted = sorted(draw.sample(range(5, 36, 5), draw.randint(0, 4)))
    level, paces = 0.1, []
    for week in range(40):
        if week in planted:
            level *= draw.choice((1.3, 1.5, 1 / 1.3, 1 / 1.5))
        paces.append(level * draw.uniform(1.0, 1.03))
        _measure(made, week, [paces[-1]])
    found = [row[1] for row in made.rows(CHANGES) if row[0] == "real_time_factor"]
    search = ruptures.Dynp(model="l2", min_size=3, jump=1).fit(np.log(paces))
    exact = search.predict(n_bkps=len(planted))[:-1] if planted else []
    assert found == [_week(week) + timedelta(minutes=1) for week in exact]
    assert exact == planted
