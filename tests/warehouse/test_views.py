"""Views and macros on small hand-made runs, with exact expected values; every example query."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from modellab.settings import PROJECT_ROOT, Lab
from modellab.warehouse.builder import build
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

QUERIES = sorted((PROJECT_ROOT / "warehouse" / "queries").glob("*.sql"))


def _rows(lab: Lab, sql: str) -> list[tuple[Any, ...]]:
    return query(lab, sql).rows


@pytest.fixture
def two_runs(lab: Lab, life: ModuleType, recorder: Recorder) -> Lab:
    """One input twice through vad and asr: computed, then half from the cache with a failure."""
    source, first = life.make_input(), life.STEP
    second_run = {"dagster_run_id": "dagster-run-2", "started_at": "2026-03-02T10:00:00+00:00"}
    recorder.input(source)
    steps = [
        replace(first, id="v1", fingerprint="f1", ended_at="2026-03-01T10:00:03+00:00"),
        replace(first, id="a1", step="asr", model="tiny", fingerprint="f2", inference_s=2.0, peak_memory_mib=100.0),
        replace(first, id="v2", fingerprint="f1", cached=True, ended_at="2026-03-02T10:00:01+00:00", **second_run),
        replace(
            first,
            id="a2",
            step="asr",
            model="tiny",
            status="failed",
            error_type="StepFailed",
            error="no words",
            ended_at="2026-03-02T10:00:04+00:00",
            **second_run,
        ),
        replace(first, id="a3", step="asr", model="tiny", input="other", audio_s=60.0, inference_s=1.0, load_s=0.0),
    ]
    for step in steps:
        recorder.step(step, None)
    lake = Lake(lab.lake)
    utterances = [(0, "Good morning.", "SPEAKER_00"), (1, "Ready for the Budget?", "SPEAKER_01")]
    lake.write(
        "segments",
        "f2",
        [
            {"fingerprint": "f2", "kind": "utterance", "position": position, "start_s": position, "end_s": position + 1}
            | {"text": text, "speaker": speaker}
            for position, text, speaker in reversed(utterances)
        ],
    )
    turns = [(0.0, 3.0, "SPEAKER_00"), (2.0, 3.0, "SPEAKER_01"), (5.0, 6.0, "SPEAKER_00")]
    lake.write(
        "segments",
        "f1",
        [
            {"fingerprint": "f1", "kind": "turn", "position": 0, "start_s": start, "end_s": end, "speaker": speaker}
            for start, end, speaker in turns
        ],
    )
    build(lab)
    return lab


def test_run_history_has_a_row_for_each_attempt_input_and_system(two_runs: Lab) -> None:
    columns = "dagster_run_id, name, status, wall_s, duration_s, steps, cached_steps, failed_steps, error"
    assert _rows(two_runs, f"SELECT {columns} FROM run_history WHERE name IS NOT NULL ORDER BY started_at") == [
        ("dagster-run-1", "call.wav", "completed", 2.0, 30.0, 2, 0, 0, None),
        ("dagster-run-2", "call.wav", "failed", 4.0, 30.0, 2, 1, 1, "asr failed: no words"),
    ]


def test_runs_since_a_moment_are_those_that_started_later_and_whole(
    two_runs: Lab, life: ModuleType, recorder: Recorder
) -> None:
    sql = "SELECT dagster_run_id, steps FROM runs_since(TIMESTAMPTZ '{}+00') WHERE name IS NOT NULL ORDER BY ALL"
    assert _rows(two_runs, sql.format("2026-03-02 00:00:00")) == [("dagster-run-2", 2)]
    assert _rows(two_runs, sql.format("2026-03-01 00:00:00")) == [("dagster-run-1", 2), ("dagster-run-2", 2)]
    Lake(two_runs.lake).write(
        "runs",
        "began-early",
        [
            {"event": "started", "run": life.RUN.run, "dagster_run_id": "dagster-run-2", "input": life.make_input().key}
            | {"system": "meeting", "occurred_at": "2026-03-01T23:59:00+00:00", "process": "p"}
        ],
    )
    build(two_runs)
    assert _rows(two_runs, sql.format("2026-03-02 00:00:00")) == []


def test_the_database_can_be_opened_by_any_name(two_runs: Lab) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{two_runs.database}' AS elsewhere (READ_ONLY)")
        for (view,) in _rows(two_runs, "SELECT view_name FROM duckdb_views() WHERE NOT internal"):
            connection.execute(f"FROM elsewhere.{view}").fetchall()
    with duckdb.connect(str(two_runs.database), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM run_history").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM search('budget')").fetchone() == (1,)


def test_failures_name_the_step_and_the_run_that_just_ended_badly(
    two_runs: Lab, life: ModuleType, recorder: Recorder
) -> None:
    lost = replace(life.RUN, dagster_run_id="dagster-run-3")
    recorder.run_started(lost, life.make_input(), life.SYSTEM)
    recorder.run_ended(lost, "interrupted", "the process that ran it died")
    build(two_runs)
    assert _rows(two_runs, "SELECT dagster_run_id, name, step, error_type, error FROM failures ORDER BY ALL") == [
        ("dagster-run-2", "call.wav", "asr", "StepFailed", "no words"),
        ("dagster-run-3", "call.wav", None, "interrupted", "the process that ran it died"),
    ]


def test_speed_is_audio_over_inference_of_what_was_computed(two_runs: Lab) -> None:
    columns = "step, model, attempts, audio_s, inference_s, speed, load_s, peak_memory_mib"
    assert _rows(two_runs, f"SELECT {columns} FROM step_speed ORDER BY step") == [
        ("asr", "tiny", 2, 90.0, 3.0, 30.0, 0.25, 100.0),
        ("vad", "silero_vad:v6", 1, 30.0, 0.75, 40.0, 0.25, None),
    ]


def test_transcripts_join_utterances_in_order_and_are_empty_without_any(two_runs: Lab) -> None:
    columns = "input, fingerprint, text, utterances, speakers"
    assert _rows(two_runs, f"SELECT {columns} FROM transcripts ORDER BY utterances DESC")[0][1:] == (
        "f2",
        "Good morning. Ready for the Budget?",
        2,
        2,
    )
    assert _rows(two_runs, "SELECT text, utterances FROM transcripts WHERE input = 'other'") == [("", 0)]


def test_talk_time_counts_overlap_for_both(two_runs: Lab) -> None:
    assert _rows(two_runs, "SELECT speaker, turns, talk_s, share FROM speaker_talk_time ORDER BY speaker") == [
        ("SPEAKER_00", 2, 4.0, 0.8),
        ("SPEAKER_01", 1, 1.0, 0.2),
    ]


def test_latest_artifacts_follow_the_last_success(two_runs: Lab) -> None:
    when = datetime(2026, 3, 2, 10, 0, 1, tzinfo=UTC)
    assert _rows(two_runs, "SELECT ended_at, fingerprint FROM latest_artifacts WHERE step = 'vad'") == [(when, "f1")]


def test_search_finds_words_in_any_case(two_runs: Lab) -> None:
    assert _rows(two_runs, "SELECT start_s, speaker, text FROM search('the budget')") == [
        (1.0, "SPEAKER_01", "Ready for the Budget?")
    ]
    assert _rows(two_runs, "FROM search('100%')") == []


def _metric(**values: Any) -> dict[str, Any]:
    return {
        "metric": "wer",
        "unit": "ratio",
        "higher_is_better": False,
        "scorer": "jiwer",
        "scorer_version": "1",
        "dataset": "calls",
        "dataset_version": "1",
        "scored_at": "2026-03-01T10:00:00+00:00",
        "step": "asr",
        **values,
    }


def _rate(system: str, case: str, errors: int | None, words: int | None, **values: Any) -> dict[str, Any]:
    value = errors / words if errors is not None and words else None
    return _metric(
        system=system, model=system, case_id=case, value=value, numerator=errors, denominator=words, **values
    )


@pytest.fixture
def scored(lab: Lab) -> Iterator[Lab]:
    Lake(lab.lake).write(
        "metrics",
        "scores",
        [
            _rate("a", "one", 9, 10, scored_at="2026-02-01T10:00:00+00:00"),
            _rate("a", "one", 1, 10),
            _rate("a", "two", 30, 100),
            _rate("b", "one", 2, 10),
            _rate("b", "two", 25, 100),
            _rate("c", "one", 0, 10),
            _rate("c", "two", None, None, error="no transcript"),
            _metric(metric="speaker_similarity", system="a", case_id="one", value=0.8, higher_is_better=True),
            _metric(metric="speaker_similarity", system="a", case_id="two", value=0.4, higher_is_better=True),
            _metric(metric="speaker_similarity", system="b", case_id="one", value=0.7, higher_is_better=True),
        ],
    )
    build(lab)
    yield lab


def test_the_leaderboard_sums_rates_averages_figures_and_puts_failed_cases_last(scored: Lab) -> None:
    columns = "metric, rank, system, value, cases, failed_cases, systems"
    assert _rows(scored, f"SELECT {columns} FROM leaderboard ORDER BY metric, rank") == [
        ("speaker_similarity", 1, "b", 0.7, 1, 0, 2),
        ("speaker_similarity", 2, "a", pytest.approx(0.6), 2, 0, 2),
        ("wer", 1, "b", 27 / 110, 2, 0, 3),
        ("wer", 2, "a", 31 / 110, 2, 0, 3),
        ("wer", 3, "c", 0.0, 2, 1, 3),
    ]


def test_the_scorecard_has_quality_and_speed(scored: Lab, life: ModuleType, recorder: Recorder) -> None:
    recorder.step(replace(life.STEP, system="a", step="asr", inference_s=3.0), None)
    build(scored)
    assert _rows(scored, "SELECT metric, value, rank FROM scorecard WHERE system = 'a' ORDER BY metric") == [
        ("asr speed", 10.0, None),
        ("speaker_similarity", pytest.approx(0.6), 2),
        ("wer", 31 / 110, 2),
    ]


def test_coverage_tells_scored_from_unscored_models(scored: Lab) -> None:
    model = {
        **{"name": "A", "surfaces": ["asr"], "runtime": "native", "package": "a", "devices": ["cpu"], "ci": True},
        **{"licence": "MIT", "languages": ["en"], "sample_rate_hz": 16000, "gated": False, "is_default": True},
        **{"status": "candidate", "environment": "main", "recorded_at": "2026-03-01T10:00:00+00:00"},
    }
    names = ("a", "never")
    rows = [{**model, "model": name, "id": name, "variant": "v"} for name in names]
    Lake(scored.lake).write("models", "snapshot", rows)
    build(scored)
    assert _rows(scored, "SELECT model, surface, dataset, metrics, cases FROM coverage ORDER BY model") == [
        ("a", "asr", "calls", 1, 2),
        ("never", "asr", None, 0, 0),
    ]


def test_system_steps_are_in_order_and_of_the_present_definition(lab: Lab) -> None:
    lake = Lake(lab.lake)
    for day, names in (("01", ["ingest", "asr"]), ("02", ["ingest", "vad", "asr"])):
        steps = [{"step": name, "model": None, "parameters": {"n": 1}, "code_version": "1"} for name in names]
        row = {"system": "s", "template": "t", "steps": steps, "recorded_at": f"2026-03-{day}T00:00:00+00:00"}
        lake.write("systems", f"s{day}", [row])
    build(lab)
    assert _rows(lab, "SELECT position, step, model FROM system_steps ORDER BY position") == [
        (0, "ingest", None),
        (1, "vad", None),
        (2, "asr", None),
    ]


def test_everything_says_what_it_is(lab: Lab) -> None:
    silent = """
        SELECT table_name FROM duckdb_tables() WHERE NOT internal AND schema_name = 'main' AND comment IS NULL
        UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL
    """
    assert _rows(lab, silent) == []


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_example_queries_run(two_runs: Lab, path: Path) -> None:
    result = query(two_runs, path.read_text())
    assert len(result.columns) >= 3
    if path.stem in {"latest_runs", "failures_by_error", "speed_by_model", "where_time_goes", "talk_time"}:
        assert result.rows


def test_the_documentation_s_examples_run(two_runs: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT_ROOT / "docs" / "warehouse.md").read_text()
    statements = [*re.findall(r'^modellab sql "(.+)"$', text, re.M), *re.findall(r"`(SELECT [^`]+)`", text)]
    # Neither action items nor checks are among the rows of these runs.
    filled = [not re.search("FROM (action_items|failed_checks) ", sql) for sql in statements]
    assert [bool(_rows(two_runs, sql)) for sql in statements] == filled
    assert (len(filled), sum(filled)) == (7, 5)
    monkeypatch.setenv("MODELLAB_HOME", str(two_runs.home))
    (python,) = re.findall(r"```python\n(.+?)```", text, re.S)
    exec(python, {})


def test_there_are_example_queries() -> None:
    assert len(QUERIES) >= 8
