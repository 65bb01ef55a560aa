"""What is last goes by the lab's own numbers: clocks are set back, between processes too."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modellab.pipeline.record import CheckRecord
from modellab.settings import Lab
from modellab.warehouse import recorder as recorder_module
from modellab.warehouse import schema
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.sequence import Sequence

_TAKE = """
import sys
from pathlib import Path
from modellab.warehouse.sequence import Sequence
sequence = Sequence(Path(sys.argv[1]), lambda: 0)
print(*[sequence.next() for _ in range(40)])
"""


def test_processes_that_take_numbers_at_once_get_each_once_and_in_order(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _TAKE, str(tmp_path / "records" / ".sequence")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    taken = [[int(number) for number in process.communicate()[0].split()] for process in processes]
    assert all(numbers == sorted(numbers) for numbers in taken)
    assert sorted(number for numbers in taken for number in numbers) == list(range(1, 121))


@pytest.mark.parametrize("left", [None, b"", b"0000000000000", b"what?\n", b"00000000000000000009\nmore"])
def test_a_file_of_numbers_that_is_gone_or_half_written_is_gone_on_from_the_highest_in_use(
    tmp_path: Path, left: bytes | None
) -> None:
    path = tmp_path / ".sequence"
    if left is not None:
        path.write_bytes(left)
    sequence = Sequence(path, lambda: 7)
    assert [sequence.next(), sequence.next()] == [8, 9]
    assert Sequence(path, lambda: 0).next() == 10


def test_records_go_on_from_their_own_highest_number(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    for name in ("a", "b"):
        recorder.step(replace(life.STEP, id=name), None)
    (lab.records / "steps" / "20260301" / "damaged.json").write_text("{")
    (lab.records / ".sequence").unlink()
    Recorder(lab).step(replace(life.STEP, id="c"), None)
    (lab.records / "steps" / "20260301" / "damaged.json").unlink()
    build(lab)
    assert query(lab, "SELECT id, sequence FROM steps ORDER BY sequence").rows == [("a", 1), ("b", 2), ("c", 3)]


def _an_hour_apart(lab: Lab, life: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same run twice, by two processes: the second after the clock was set back an hour."""
    now = datetime.now(UTC)
    for attempt, (at, passed) in enumerate(((now, True), (now - timedelta(hours=1), False)), start=1):
        said = at.isoformat(timespec="milliseconds")
        monkeypatch.setattr(recorder_module, "stamp", lambda said=said: said)
        recorder, run = Recorder(lab), replace(life.RUN, dagster_run_id=f"dagster-run-{attempt}")
        step = replace(
            life.STEP,
            id=f"v{attempt}",
            dagster_run_id=run.dagster_run_id,
            fingerprint=f"{attempt}" * 64,
            started_at=said,
            ended_at=said,
        )
        recorder.run_started(run, life.make_input(), life.SYSTEM)
        recorder.step(step, None)
        recorder.checks(step, [CheckRecord("finds_speech", passed, "warning", f"attempt {attempt}")])
        recorder.run_ended(run, "completed")
        if attempt == 1:  # found dead by a builder, which was wrong, say: a run may end twice
            recorder.run_ended(replace(run, dagster_run_id="dagster-run-2"), "interrupted", "its process died")


_LAST = {
    "results": "SELECT fingerprint[:2] FROM latest_artifacts",
    "checks": "SELECT description FROM failed_checks",
    "outcomes": "SELECT dagster_run_id, status, error FROM run_history ORDER BY sequence",
    "newest run": "SELECT dagster_run_id FROM run_history ORDER BY sequence DESC NULLS LAST, started_at DESC LIMIT 1",
}


def _last(lab: Lab) -> dict[str, list[tuple[Any, ...]]]:
    return {name: query(lab, sql).rows for name, sql in _LAST.items()}


def test_after_the_clock_was_set_back_an_hour_the_newest_is_what_was_recorded_last(
    lab: Lab, life: ModuleType, monkeypatch: pytest.MonkeyPatch, content: Any
) -> None:
    _an_hour_apart(lab, life, monkeypatch)
    build(lab)
    expected = {
        "results": [("22",)],
        "checks": [("attempt 2",)],
        "outcomes": [("dagster-run-1", "completed", None), ("dagster-run-2", "completed", None)],
        "newest run": [("dagster-run-2",)],
    }
    assert _last(lab) == expected
    before = content(lab)
    rebuild(lab)
    assert content(lab) == before
    assert _last(lab) == expected


def test_a_run_that_ended_by_a_clock_that_was_set_back_is_over_for_runs_since_too(
    lab: Lab, life: ModuleType, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
    said = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="milliseconds")
    monkeypatch.setattr(recorder_module, "stamp", lambda: said)
    recorder.run_ended(life.RUN, "interrupted", "its process died")
    build(lab)
    assert query(lab, "SELECT status, error FROM runs_since(now() - INTERVAL 30 MINUTES)").rows == [
        ("interrupted", "its process died")
    ]


def _forget_numbers(lab: Lab) -> None:
    """Make records what earlier versions wrote."""
    for path in lab.records.glob("*/*/*.json"):
        record = json.loads(path.read_text())
        del record["sequence"]
        path.write_text(json.dumps(record))
    (lab.records / ".sequence").unlink()


def test_records_without_a_number_go_by_time_and_come_before_those_with_one(
    lab: Lab, life: ModuleType, recorder: Recorder
) -> None:
    def step(name: str, hour: int) -> None:
        at = f"2026-03-01T{hour}:00:00.000+00:00"
        record = replace(life.STEP, id=name, fingerprint=name * 64, started_at=at, ended_at=at)
        recorder.step(record, None)

    step("a", 12)
    step("b", 11)
    _forget_numbers(lab)
    Lake(lab.lake).remove(Lake(lab.lake).files())
    assert build(lab).problems == []
    assert query(lab, "SELECT id, sequence FROM steps ORDER BY id").rows == [("a", None), ("b", None)]
    assert query(lab, "SELECT fingerprint[:1] FROM latest_artifacts").rows == [("a",)]
    step("c", 10)
    build(lab)
    assert query(lab, "SELECT fingerprint[:1] FROM latest_artifacts").rows == [("c",)]


def test_a_lake_and_a_database_of_the_tables_before_are_made_anew(
    lab: Lab, life: ModuleType, recorder: Recorder, tables_of: Callable[[str], AbstractContextManager[None]]
) -> None:
    lines = schema.SCHEMA.read_text().splitlines(keepends=True)
    with tables_of("".join(line for line in lines if "sequence" not in line)):
        recorder.run_started(life.RUN, life.make_input(), life.SYSTEM)
        artifact = life.make_artifact(lab, "a")
        recorder.step(replace(life.STEP, fingerprint=artifact.fingerprint), artifact)
        _forget_numbers(lab)
        build(lab)
        assert "sequence" not in query(lab, "FROM steps").columns
    recorder.run_ended(life.RUN, "completed")
    report = build(lab)
    assert (report.started_over, report.problems) == ("the definition of the tables has changed", [])
    assert query(lab, "SELECT status, steps, sequence FROM run_history").rows == [("completed", 1, None)]
    assert query(lab, "SELECT event, sequence FROM runs ORDER BY ALL").rows == [("ended", 1), ("started", None)]
    assert query(lab, "SELECT id, sequence FROM steps").rows == [("step-1", None)]
    assert query(lab, "SELECT count(*) FROM segments").rows == [(3,)]
