"""Runs whose process died."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock

from modellab import wall_clock
from modellab.settings import Lab
from modellab.warehouse import builder as builder_module
from modellab.warehouse import recorder as recorder_module
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.liveness import ProcessMark, lives
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab_dagster.command import main

_HISTORY = "SELECT status, ended_at IS NULL, steps, error FROM run_history"

_DIE = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from recording_process import *
lab = Lab.from_environment()
recorder = Recorder(lab)
recorder.run_started(RUN, make_input(), SYSTEM)
print("started", flush=True)
if len(sys.argv) > 2:
    record_step(lab, recorder, sys.argv[2])
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""


def test_a_mark_is_held_as_long_as_its_process_lives(lab: Lab) -> None:
    mark = ProcessMark(lab)
    assert lives(lab, mark.name)
    assert not lives(lab, "0" * 32)


def test_a_run_is_running_until_it_says_otherwise(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
    assert build(lab).interrupted_runs == 0
    assert query(lab, _HISTORY).rows == [("running", True, 0, None)]
    life.record_step(lab, recorder, "a")
    recorder.run_ended(life.RUN, "completed")
    build(lab)
    assert query(lab, _HISTORY).rows == [("completed", False, 1, None)]


def test_a_run_whose_process_was_killed_is_found_by_the_next_build(
    lab: Lab, life: ModuleType, recorder: Recorder
) -> None:
    folder = str(Path(__file__).parent)
    lab_environment = {"MODELLAB_HOME": str(lab.home), "MODELLAB_OFFLINE": "true"}
    alive = subprocess.Popen(
        [sys.executable, "-c", _DIE, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=lab_environment
    )
    assert alive.stdout is not None and alive.stdout.readline() == b"started\n"
    assert build(lab).interrupted_runs == 0
    assert query(lab, _HISTORY).rows == [("running", True, 0, None)]
    alive.kill()
    alive.communicate()
    assert build(lab).interrupted_runs == 1
    expected = [("interrupted", True, 0, "the process that ran it died")]
    assert query(lab, _HISTORY).rows == expected
    assert build(lab).interrupted_runs == 0
    rebuild(lab)
    assert query(lab, _HISTORY).rows == expected


def test_what_a_killed_run_left_is_there_for_whoever_asks_next(
    lab: Lab, life: ModuleType, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    build(lab)
    environment = {"MODELLAB_HOME": str(lab.home), "MODELLAB_OFFLINE": "true"}
    command = [sys.executable, "-c", _DIE, str(Path(__file__).parent), "a"]
    assert subprocess.run(command, check=False, env=environment, stdout=subprocess.PIPE).returncode == -signal.SIGKILL
    assert main(["sql", "SELECT id, r.status FROM steps JOIN run_history AS r USING (run)", "--csv"]) == 0
    assert capsys.readouterr().out == "id,status\na,interrupted\n"
    again = replace(life.RUN, dagster_run_id="dagster-run-2")
    recorder.run_started(again, life.make_input(), life.SYSTEM)
    assert main(["runs", "list", "--json"]) == 0
    listed = [
        (run["dagster_run_id"], run["status"], run["steps"]) for run in json.loads(capsys.readouterr().out)["runs"]
    ]
    assert listed == [("dagster-run-2", "running", 0), ("dagster-run-1", "interrupted", 1)]
    recorder.run_ended(again, "failed", "no sound")
    assert main(["runs", "show", "dagster-run-2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"]["error"] == "no sound"


def test_who_asks_waits_for_no_builder(
    lab: Lab, life: ModuleType, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    build(lab)
    life.record_step(lab, recorder, "a")
    statement = ["sql", "SELECT count(*) AS n FROM steps", "--csv"]
    with FileLock(lab.home / "modellab.duckdb.lock"):
        assert main(statement) == 0
        assert capsys.readouterr() == ("n\n0\n", "")
    assert main(statement) == 0
    assert capsys.readouterr() == ("n\n1\n", "")


def test_where_nothing_can_be_built_what_is_there_is_asked(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    build(lab)
    lock = lab.home / "modellab.duckdb.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()  # stands for a home that this user may only read
    assert main(["sql", "SELECT count(*) AS n FROM steps", "--csv"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "n\n0\n"
    assert printed.err.startswith(f"! the newest results may be missing: database {lab.database} can't be built")


def test_a_second_attempt_leaves_the_interrupted_one_as_it_was(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
    recorder.run_ended(life.RUN, "interrupted", "the process that ran it died")
    again = replace(life.RUN, dagster_run_id="dagster-run-2")
    time.sleep(0.002)
    recorder.run_started(again, life.make_input(), life.SYSTEM)
    recorder.run_ended(again, "completed")
    build(lab)
    rows = query(lab, "SELECT run, dagster_run_id, status FROM run_history ORDER BY started_at").rows
    assert rows == [
        (life.RUN.run, "dagster-run-1", "interrupted"),
        (life.RUN.run, "dagster-run-2", "completed"),
    ]


def _set_clock(monkeypatch: pytest.MonkeyPatch, days_ago: int) -> None:
    said = (datetime.now(UTC) - timedelta(days_ago)).isoformat(timespec="milliseconds")
    monkeypatch.setattr(recorder_module, "stamp", lambda: said)


def test_a_clock_set_back_leaves_no_run_open(
    lab: Lab, life: ModuleType, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
    build(lab)
    _set_clock(monkeypatch, days_ago=3)
    recorder.run_ended(life.RUN, "completed")
    assert build(lab).interrupted_runs == 0
    assert query(lab, "SELECT status FROM run_history").rows == [("completed",)]
    assert not build(lab).changed


def test_a_dead_run_that_began_while_the_clock_was_set_back_is_found(
    lab: Lab, life: ModuleType, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
    recorder.run_ended(life.RUN, "completed")
    build(lab)
    _set_clock(monkeypatch, days_ago=3)
    lost = replace(life.RUN, dagster_run_id="dagster-run-2")
    Recorder(lab).run_started(lost, life.make_input(), life.SYSTEM)
    monkeypatch.setattr(builder_module, "lives", lambda lab, process: False)
    assert build(lab).interrupted_runs == 1
    assert sorted(query(lab, "SELECT status FROM run_history").rows) == [("completed",), ("interrupted",)]
    assert not build(lab).changed


def test_after_a_clock_was_set_back_the_system_recorded_last_is_the_present_one(
    lab: Lab, life: ModuleType, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = replace(life.SYSTEM, template="changed")
    recorder.system(life.SYSTEM)
    _set_clock(monkeypatch, days_ago=3)
    for _ in range(2):
        Recorder(lab).system(changed)
    build(lab)
    assert query(lab, "SELECT template FROM systems ORDER BY recorded_at").rows == [("meeting",), ("changed",)]
    assert query(lab, "SELECT template FROM current_systems").rows == [("changed",)]


def test_within_a_process_recorded_times_never_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = wall_clock.now()

    class SetBack(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return before - timedelta(3)

    monkeypatch.setattr(wall_clock, "datetime", SetBack)
    first = wall_clock.now()
    time.sleep(0.002)
    assert before <= first < wall_clock.now() < before + timedelta(hours=1)
