"""What use cases take from the warehouse beside scores: speed by case, memory of runs. Rows by hand, exact answers."""

from typing import Any

from modellab.evaluation.evidence import MEMORY_OF_RUNS, SPEED_BY_CASE


def _speed(hand_made: Any, devices: str = "['cpu']") -> list[tuple[Any, ...]]:
    sql = SPEED_BY_CASE
    for name, value in (("$dataset", "'calls'"), ("$version", "'1'"), ("$devices", devices)):
        sql = sql.replace(name, value)
    return hand_made.rows(f"SELECT system, case_id, machine, inference_s, audio_s FROM ({sql}) ORDER BY ALL")


def test_speed_is_of_all_steps_and_the_last_time_the_work_was_done(hand_made: Any) -> None:
    hand_made.add("datasets", dataset="calls", version="1", recorded_at="2026-03-01T10:00:00+00:00")
    hand_made.case("one")
    hand_made.result("a", "one", "vad", inference_s=1.0)
    first = hand_made.result("a", "one", "asr", inference_s=9.0)
    again = {"fingerprint": first, "model": "m:v", "device": "cpu", "machine": "m1"}
    hand_made.attempt("a", "one", "asr", inference_s=4.0, **again)
    hand_made.attempt("a", "one", "asr", inference_s=0.0, cached=True, **again)
    # Another system that shares a step: its speed is that of whoever did the work.
    hand_made.attempt("b", "one", "asr", cached=True, **again)
    hand_made.result("elsewhere", "two", "asr", inference_s=1.0)
    assert _speed(hand_made) == [("a", "one", "m1", 5.0, 30.0), ("b", "one", "m1", 4.0, 30.0)]


def test_a_case_whose_steps_ran_on_two_machines_has_no_speed(hand_made: Any) -> None:
    hand_made.add("datasets", dataset="calls", version="1", recorded_at="2026-03-01T10:00:00+00:00")
    hand_made.case("one")
    hand_made.result("a", "one", "vad", inference_s=1.0, machine="m1")
    hand_made.result("a", "one", "asr", inference_s=1.0, machine="m2")
    assert _speed(hand_made) == []


def test_results_of_other_devices_do_not_count(hand_made: Any) -> None:
    hand_made.add("datasets", dataset="calls", version="1", recorded_at="2026-03-01T10:00:00+00:00")
    hand_made.case("one")
    hand_made.result("a", "one", "asr", inference_s=8.0)
    hand_made.result("a", "one", "asr", inference_s=1.0, device="cuda")
    assert _speed(hand_made) == [("a", "one", "m1", 8.0, 30.0)]
    assert _speed(hand_made, "['cuda']") == [("a", "one", "m1", 1.0, 30.0)]


def test_memory_is_of_runs_that_did_all_the_work_and_says_who_was_alone(hand_made: Any) -> None:
    hand_made.result("a", "one", "asr", dagster_run_id="alone", peak_memory_mib=700.0)
    hand_made.result("a", "one", "vad", dagster_run_id="alone", peak_memory_mib=300.0)
    hand_made.result("a", "one", "asr", dagster_run_id="both", peak_memory_mib=800.0)
    hand_made.result("b", "one", "asr", dagster_run_id="both", peak_memory_mib=1500.0)
    hand_made.result("a", "one", "asr", dagster_run_id="cached", peak_memory_mib=100.0, cached=True)
    hand_made.result("a", "one", "asr", dagster_run_id="gpu", peak_memory_mib=100.0, device="cuda")
    assert hand_made.rows(MEMORY_OF_RUNS.replace("$devices", "['cpu']")) == [
        ("a", 700.0, True),
        ("a", 1500.0, False),
        ("b", 1500.0, False),
    ]


def test_a_recogniser_that_hears_a_voice_is_no_part_of_the_voices_speed(hand_made: Any) -> None:
    hand_made.add("datasets", dataset="calls", version="1", recorded_at="2026-03-01T10:00:00+00:00")
    hand_made.case("one")
    for step, inference_s in (("tts", 2.0), ("vad", 1.0), ("asr", 8.0)):
        hand_made.result("voice", "one", step, inference_s=inference_s)
        hand_made.result("words", "one", step if step != "tts" else "diarization", inference_s=inference_s)
    assert _speed(hand_made) == [("voice", "one", "m1", 2.0, 30.0), ("words", "one", "m1", 11.0, 30.0)]
