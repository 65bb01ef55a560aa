"""Building: incremental, the same from source, and whole whatever lies in the way."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from modellab.settings import Lab
from modellab.warehouse import builder, schema
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import connect, query
from modellab.warehouse.recorder import Recorder


def _count(lab: Lab, table: str = "steps") -> int:
    return int(query(lab, f"SELECT count(*) FROM {table}").rows[0][0])


def test_an_empty_lab_has_all_tables_and_views(lab: Lab) -> None:
    report = build(lab)
    assert (report.started_over, report.rows, report.problems) == ("there was no database", {}, [])
    names = {row[0] for row in query(lab, "SHOW TABLES").rows}
    assert {"steps", "words", "scores", "run_history", "leaderboard"} <= names


def test_only_what_is_new_is_brought_in(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    life.record_step(lab, recorder, "a")
    assert build(lab).rows == {"artifacts": 1, "segments": 3, "steps": 1}
    assert build(lab).changed is False
    life.record_step(lab, recorder, "b")
    second = build(lab)
    assert (second.rows, second.started_over) == ({"artifacts": 1, "segments": 3, "steps": 1}, None)
    assert _count(lab) == 2


def test_rebuild_gives_the_same_content(lab: Lab, life: ModuleType, recorder: Recorder, content: Any) -> None:
    recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
    for name in "abcde":
        life.record_step(lab, recorder, name)
    recorder.run_ended(life.RUN, "failed", "no words")
    build(lab)
    before = content(lab)
    assert [len(before[table]) for table in ("inputs", "systems", "runs", "steps", "artifacts", "segments")] == [
        *(1, 1, 2, 5, 5, 15)
    ]
    report = rebuild(lab)
    assert (report.started_over, report.recovered_sources) == ("a rebuild was asked for", 15)
    assert content(lab) == before
    assert build(lab).changed is False


@pytest.mark.parametrize("lost", ["lake", "modellab.duckdb", "both", "one table"])
def test_what_is_lost_is_made_again(lab: Lab, life: ModuleType, recorder: Recorder, content: Any, lost: str) -> None:
    for name in "abc":
        life.record_step(lab, recorder, name)
    build(lab)
    before = content(lab)
    for name in {"both": ["lake", "modellab.duckdb"], "one table": ["lake/segments"]}.get(lost, [lost]):
        path = lab.home / name
        path.unlink() if path.is_file() else shutil.rmtree(path)
    build(lab)
    assert content(lab) == before
    assert rebuild(lab).problems == []
    assert content(lab) == before


def test_an_artifact_whose_maker_was_killed_before_recording_it_comes_in(
    lab: Lab, life: ModuleType, recorder: Recorder, content: Any
) -> None:
    life.record_step(lab, recorder, "a")
    build(lab)
    orphan = life.make_artifact(lab, "b")
    Lake(lab.lake).write("segments", orphan.fingerprint, [])
    Lake(lab.lake).remove([file for file in Lake(lab.lake).files() if file.source == orphan.fingerprint])
    report = build(lab)
    assert report.recovered_sources == 1
    assert report.rows == {"artifacts": 1, "segments": 3}
    after = content(lab)
    rebuild(lab)
    assert content(lab) == after


def test_many_small_files_become_few_and_a_kill_before_their_deletion_doubles_nothing(
    lab: Lab, life: ModuleType, recorder: Recorder, content: Any, tmp_path: Path
) -> None:
    for number in range(32):
        life.record_step(lab, recorder, f"s{number}")
    shutil.copytree(lab.lake, tmp_path / "lake")
    report = build(lab)
    assert report.merged_files == 3 * 32
    assert [file.table for file in Lake(lab.lake).files()] == ["steps", "artifacts", "segments"]
    before = content(lab)
    shutil.copytree(tmp_path / "lake", lab.lake, dirs_exist_ok=True)
    report = build(lab)
    assert (report.rows, report.merged_files) == ({}, 3 * 32)
    assert content(lab) == before
    lab.database.unlink()
    assert build(lab).recovered_sources == 0
    assert content(lab) == before


def test_rows_written_while_a_build_merges_are_not_lost(
    lab: Lab, life: ModuleType, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(32):
        life.record_step(lab, recorder, f"s{number}")
    merge = Lake.merge

    def merge_late(lake: Lake, *arguments: Any) -> Any:
        life.record_step(lab, recorder, "late")
        return merge(lake, *arguments)

    monkeypatch.setattr(Lake, "merge", merge_late)
    build(lab)
    monkeypatch.undo()
    assert build(lab).rows == {"artifacts": 1, "segments": 3, "steps": 1}
    assert _count(lab) == 33


def test_an_open_reader_keeps_its_snapshot_and_stops_nobody(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    life.record_step(lab, recorder, "a")
    build(lab)
    reader = duckdb.connect(str(lab.database), read_only=True)
    with connect(lab) as ours:
        life.record_step(lab, recorder, "b")
        assert build(lab).started_over is None
        assert rebuild(lab).problems == []
        assert reader.execute("SELECT count(*) FROM steps").fetchone() == (1,)
        assert ours.execute("SELECT count(*) FROM steps").fetchone() == (1,)
    reader.close()
    assert _count(lab) == 2


_OTHER_SESSION = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
for line in sys.stdin:
    print(connection.execute(line).fetchall(), flush=True)
"""


@contextmanager
def _someone_elses_session(database: Path) -> Iterator[Any]:
    """A process that has the database open for writing, with a log; called with SQL, it gives the answer."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OTHER_SESSION, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def ask(sql: str) -> str:
        stdin.write(sql + "\n")
        stdin.flush()
        return stdout.readline().strip()

    try:
        assert ask("SELECT 1") == "[(1,)]"
        yield ask
    finally:
        stdin.close()
        process.wait()
        stdout.close()


def test_a_session_that_writes_to_the_database_stops_neither_runs_nor_readers(
    lab: Lab, life: ModuleType, recorder: Recorder
) -> None:
    life.record_step(lab, recorder, "a")
    build(lab)
    with _someone_elses_session(lab.database) as ask:
        assert _count(lab) == 1
        life.record_step(lab, recorder, "b")
        build(lab)
        assert _count(lab) == 2
        assert ask("SELECT count(*) FROM steps") == "[(1,)]"
        assert ask("CHECKPOINT") == "[]"
        assert ask("CREATE TABLE more AS SELECT 2 AS y") == "[(1,)]"
        assert _count(lab) == 2
        life.record_step(lab, recorder, "c")
        assert build(lab).problems == []
        assert _count(lab) == 3
    assert _count(lab) == 3
    assert build(lab).set_aside == []


@pytest.mark.parametrize("junk", [b"", b"not a database\n" * 1000, b"\0" * 20_000])
def test_a_file_that_is_no_database_is_kept_aside(
    lab: Lab, life: ModuleType, recorder: Recorder, content: Any, junk: bytes
) -> None:
    life.record_step(lab, recorder, "a")
    build(lab)
    before = content(lab)
    lab.database.write_bytes(junk)
    report = build(lab)
    (aside,) = report.set_aside
    assert Path(aside).read_bytes() == junk
    assert report.started_over is not None and report.started_over.startswith("the database could not be read")
    assert content(lab) == before


def test_somebody_elses_database_is_kept_aside(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    lab.home.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(lab.database)) as connection:
        connection.execute("CREATE TABLE recipes AS SELECT 'soup' AS name")
    life.record_step(lab, recorder, "a")
    report = build(lab)
    with duckdb.connect(report.set_aside[0], read_only=True) as connection:
        assert connection.execute("FROM recipes").fetchall() == [("soup",)]
    assert _count(lab) == 1


def test_a_database_damaged_inside_is_made_anew(lab: Lab, life: ModuleType, recorder: Recorder, content: Any) -> None:
    for name in "abc":
        life.record_step(lab, recorder, name)
    build(lab)
    before = content(lab)
    with lab.database.open("r+b") as handle:
        handle.seek(3 * 4096)
        handle.write(b"\xff" * (lab.database.stat().st_size - 3 * 4096))
    life.record_step(lab, recorder, "d")
    report = build(lab)
    assert len(report.set_aside) == 1
    assert _count(lab) == 4
    assert [row for row in content(lab)["steps"] if row[0] != "d"] == before["steps"]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("steps/s0.parquet", lambda path: path.write_bytes(b"")),
        ("steps/s1.parquet", lambda path: path.write_bytes(b"PAR1 but not really PAR1")),
        ("segments/zzz.parquet", lambda path: duckdb.sql("SELECT 1 AS what").write_parquet(str(path))),
        ("steps/My export (1).parquet", lambda path: duckdb.sql("SELECT 1 AS what").write_parquet(str(path))),
    ],
)
def test_a_bad_file_in_the_lake_is_kept_aside_and_nothing_is_lost(
    lab: Lab, life: ModuleType, recorder: Recorder, content: Any, name: str, make: Any
) -> None:
    for number in range(3):
        life.record_step(lab, recorder, f"s{number}")
    path = lab.lake / name
    make(path)
    foreign = path.read_bytes()
    report = build(lab)
    assert [Path(aside).read_bytes() for aside in report.set_aside] == [foreign]
    assert len(report.problems) == 1 and path.name in report.problems[0]
    assert [len(content(lab)[table]) for table in ("steps", "artifacts", "segments")] == [3, 3, 9]
    assert build(lab).changed is False


def test_rows_that_claim_another_source_are_not_taken(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    life.record_step(lab, recorder, "a")
    shutil.copy(lab.lake / "steps" / "a.parquet", lab.lake / "steps" / "b.parquet")
    report = build(lab)
    assert "it holds rows of another source: a" in report.problems[0]
    assert _count(lab) == 1


def test_a_damaged_artifact_is_reported_and_the_others_come_in(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    for name in "abcd":
        life.record_step(lab, recorder, name)
    damaged = life.make_artifact(lab, "e")
    (damaged.path / "speech.json").write_text("{")
    report = rebuild(lab)
    assert len(report.problems) == 1
    assert damaged.fingerprint in report.problems[0]
    assert (_count(lab), _count(lab, "artifacts")) == (4, 4)
    assert build(lab).problems == []
    (aside,) = (lab.home / "set-aside").iterdir()
    assert (aside / "speech.json").read_text() == "{"


@pytest.mark.parametrize(("merged", "recorded"), [(False, True), (True, True), (True, False)])
def test_a_result_made_anew_with_other_content_has_its_own_rows_and_no_others(
    lab: Lab,
    life: ModuleType,
    recorder: Recorder,
    content: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    merged: bool,
    recorded: bool,
) -> None:
    if merged:
        monkeypatch.setattr(builder, "_MERGE_AT", 2)
    for name in ("a", "b"):
        life.record_step(lab, recorder, name)
    build(lab)
    [damaged, _] = [life.make_artifact(lab, name) for name in ("a", "b")]
    (damaged.path / "speech.json").write_text("{")
    time.sleep(0.002)  # the new manifest says another millisecond
    anew = life.make_artifact(lab, "a", segments=2)
    if recorded:
        recorder.step(replace(life.STEP, id="again", fingerprint=anew.fingerprint), anew)
    assert build(lab).rows == {"artifacts": 1, "segments": 2, **({"steps": 1} if recorded else {})}
    spans = "SELECT position, start_s, end_s FROM segments WHERE fingerprint = ? ORDER BY position"
    assert query(lab, spans, [anew.fingerprint]).rows == [(0, 0.0, 0.5), (1, 1.0, 1.5)]
    made = query(lab, "SELECT summary ->> 'segments', made_at FROM artifacts WHERE fingerprint = ?", [anew.fingerprint])
    assert made.rows == [("2", datetime.fromisoformat(anew.manifest["made"]["at"]))]
    assert (_count(lab, "artifacts"), _count(lab, "segments")) == (2, 5)
    after = content(lab)
    assert build(lab).changed is False
    lab.database.unlink()
    build(lab)
    assert content(lab) == after
    rebuild(lab)
    assert content(lab) == after


def test_a_damaged_record_is_reported_and_the_others_come_in(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    for name in "abc":
        life.record_step(lab, recorder, name)
    (lab.records / "steps" / "20260301" / "b.json").write_text("{}")
    report = rebuild(lab)
    assert len(report.problems) == 1 and "20260301/b" in report.problems[0]
    assert query(lab, "SELECT id FROM steps ORDER BY id").rows == [("a",), ("c",)]


def test_changed_tables_are_made_anew_from_source(
    lab: Lab,
    life: ModuleType,
    recorder: Recorder,
    tables_of: Callable[[str], AbstractContextManager[None]],
) -> None:
    life.record_step(lab, recorder, "a")
    build(lab)
    with tables_of(schema.SCHEMA.read_text().replace("peak_memory_mib DOUBLE", "peak_memory_mib FLOAT")):
        report = build(lab)
        assert report.started_over == "the definition of the tables has changed"
        assert report.recovered_sources == 2
        assert query(lab, "SELECT peak_memory_mib, id FROM steps").types == ["FLOAT", "VARCHAR"]
        assert build(lab).changed is False


def test_changed_views_are_defined_anew_and_rows_stay(
    lab: Lab,
    life: ModuleType,
    recorder: Recorder,
    tables_of: Callable[[str], AbstractContextManager[None]],
) -> None:
    life.record_step(lab, recorder, "a")
    build(lab)
    with tables_of(schema.SCHEMA.read_text()):
        report = build(lab)
        assert (report.started_over, report.rows) == (None, {})
        assert query(lab, "FROM answer").rows == [(42,)]
        assert "run_history" not in {row[0] for row in query(lab, "SHOW TABLES").rows}


def test_a_killed_builder_s_copies_are_removed(lab: Lab) -> None:
    lab.home.mkdir(parents=True, exist_ok=True)
    for name in (".modellab.duckdb.abc.tmp", ".modellab.duckdb.abc.tmp.wal"):
        (lab.home / name).write_text("half")
    build(lab)
    assert sorted(path.name for path in lab.home.iterdir() if path.is_file() and "lock" not in path.name) == [
        "modellab.duckdb"
    ]


def test_a_record_that_is_no_record_is_named_and_the_others_come_in(
    lab: Lab, life: ModuleType, recorder: Recorder
) -> None:
    life.record_step(lab, recorder, "a")
    (sound,) = (path for path in lab.records.glob("steps/*/*.json"))
    content = sound.read_text()
    odd = {
        "deep": '{"content": ' + "[" * 100_000,
        "list": "[]",
        "listed-content": '{"kind": "steps", "id": "listed-content", "recorded_at": "2026-11-21", "content": []}',
        "huge": content.replace('"load_s": ', '"load_s": 1e300, "inference_s": ', 1),
        "number": '{"kind": "steps", "id": 5, "recorded_at": "2026-11-21", "content": {}}',
        "copy": content,
        "binary": "\x00\x01",
    }
    for name, text in odd.items():
        sound.with_name(f"{name}.json").write_text(text)
    report = build(lab)
    assert _count(lab) == 1
    assert sorted(name for name in odd if any(f"/{name}" in problem for problem in report.problems)) == sorted(odd)
    assert build(lab).problems and _count(lab) == 1
