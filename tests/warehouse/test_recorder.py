"""What is recorded, where, and what it costs to import."""

import json
import subprocess
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from modellab.errors import WarehouseError
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.record import CheckRecord, StepRecord
from modellab.registry.machine import this_machine
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.rows import rows_of_artifact
from modellab.warehouse.schema import columns_by_table


def _read(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        cursor = connection.execute("FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_a_step_becomes_a_record_and_rows_of_its_own_tables(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    artifact = life.make_artifact(lab, "a", segments=2)
    record = replace(life.STEP, fingerprint=artifact.fingerprint)
    recorder.step(record, artifact)

    kept = json.loads((lab.records / "steps" / "20260301" / "step-1.json").read_text())
    about = {"kind": "steps", "id": "step-1", "recorded_at": record.ended_at}
    assert kept == {**about, "content": {**asdict(record), "helpers": [], "calls": [], "evictions": []}, "sequence": 1}

    (step,) = _read(lab.lake / "steps" / "step-1.parquet")
    assert step["inference_s"] == 0.75
    assert step["threads"] is None
    assert step["started_at"].isoformat().startswith("2026-03-01T10:00:01")
    assert step["source"] == "step-1"

    segments = _read(lab.lake / "segments" / f"{artifact.fingerprint}.parquet")
    assert [(row["kind"], row["position"], row["start_s"], row["end_s"]) for row in segments] == [
        ("speech", 0, 0.0, 0.5),
        ("speech", 1, 1.0, 1.5),
    ]
    assert {row["fingerprint"] for row in segments} == {row["source"] for row in segments} == {artifact.fingerprint}

    (made,) = _read(lab.lake / "artifacts" / f"{artifact.fingerprint}.parquet")
    assert made["path"] == f"artifacts/vad/{artifact.fingerprint[:2]}/{artifact.fingerprint}"
    assert json.loads(made["summary"]) == {"segments": 2}
    assert (made["files"], made["model"], made["run"]) == (1, None, life.RUN.run)


def test_rows_that_are_held_become_a_file_for_each_table_and_are_not_lost_or_doubled_before(
    lab: Lab, life: ModuleType, recorder: Recorder, content: Any
) -> None:
    with recorder.holding_rows():
        life.record_step(lab, recorder, "a")
        assert list(Lake(lab.lake).files()) == []
        recorder.write_held()
        written = Lake(lab.lake).files()
        for name in ("b", "c"):
            life.record_step(lab, recorder, name)
        assert Lake(lab.lake).files() == written
        build(lab)  # as another process may, or the next one had this one been killed here
        assert sorted(row[0] for row in content(lab)["steps"]) == ["a", "b", "c"]
        recovered = Lake(lab.lake).files()
    tables = [file.table for file in Lake(lab.lake).files() if file not in recovered]
    assert sorted(tables) == sorted(file.table for file in written) == ["artifacts", "segments", "steps"]
    before = content(lab)
    build(lab)
    assert content(lab) == before
    assert [len(before[table]) for table in ("steps", "artifacts", "segments")] == [3, 3, 9]
    life.record_step(lab, recorder, "d")
    assert (lab.lake / "steps" / "d.parquet").is_file()


@pytest.mark.parametrize("how", [{"cached": True}, {"reproduced": True}, {"reproduced": False}])
def test_rows_of_a_result_that_was_there_are_not_written_again(
    lab: Lab, life: ModuleType, recorder: Recorder, how: dict[str, bool]
) -> None:
    artifact = life.make_artifact(lab, "a")
    recorder.step(replace(life.STEP, fingerprint=artifact.fingerprint, **how), artifact)
    assert sorted(path.name for path in lab.lake.iterdir()) == ["steps"]


def test_a_result_of_before_there_were_helpers_has_rows_all_the_same(lab: Lab, life: ModuleType) -> None:
    artifact = life.make_artifact(lab, "a")
    del artifact.manifest["identity"]["helpers"]
    (row,) = rows_of_artifact(artifact, lab.home)["artifacts"]
    assert (row["helpers"], row["reads"]) == (None, artifact.manifest["identity"]["reads"])


def test_a_failed_step_is_kept_with_its_error(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    recorder.step(replace(life.STEP, status="failed", error_type="StepFailed", error='it "broke"\n– badly'), None)
    (step,) = _read(lab.lake / "steps" / "step-1.parquet")
    assert (step["status"], step["error"], step["fingerprint"]) == ("failed", 'it "broke"\n– badly', None)


def test_tables_have_a_column_for_every_field() -> None:
    columns = columns_by_table()
    derived = ("surface", "gives", "sequence", "source")
    assert list(columns["steps"]) == [*(field.name for field in fields(StepRecord)), *derived]
    assert set(columns["inputs"]) == (
        {field.name for field in fields(RegisteredInput)} - {"key", "names"} | {"input", "source"}
    )


def test_an_input_is_recorded_once_with_every_name(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    path = lab.home / "inputs" / "x" / "media.wav"
    inside = replace(life.make_input(), path=path, names=("call.wav",), warnings=("cut off",))
    recorder.input(inside)
    recorder.input(replace(inside, names=("call.wav", "copy of call.wav")))
    Recorder(lab).input(inside)
    build(lab)
    assert query(lab, "SELECT input, name, path, duration_s, warnings FROM inputs").rows == [
        (inside.key, "call.wav", "inputs/x/media.wav", 30.0, ["cut off"])
    ]
    assert query(lab, "SELECT input, name FROM input_names ORDER BY name").rows == [
        (inside.key, "call.wav"),
        (inside.key, "copy of call.wav"),
    ]


def test_a_machine_is_recorded_once_however_many_steps_ran_on_it(lab: Lab, life: ModuleType) -> None:
    machine = this_machine()
    for number in range(3):
        step = replace(life.STEP, id=f"step-{number}", machine=machine.id if number else None)
        Recorder(lab).step(step, None)
    assert build(lab).problems == []
    facts = "machine, platform, cpu, instruction_sets, gpus, blas, ctranslate2, forced"
    assert query(lab, f"SELECT {facts} FROM hosts JOIN steps USING (machine)").rows == 2 * [
        (
            *(machine.id, machine.platform, machine.cpu, list(machine.instruction_sets), list(machine.gpus)),
            *(list(machine.blas), machine.ctranslate2, json.dumps(dict(machine.forced))),
        )
    ]


def _model_folder(root: Path, status: str) -> None:
    folder = root / "echo"
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(f"""
id: echo
name: Echo
description: Says nothing.
surfaces: [asr]
runtime: native
package: modellab
devices: [cpu]
compute_types: {{cpu: float32}}
status: {status}
ci: true
licence: MIT
languages: [en, de]
sample_rate_hz: 16000
memory_mib: 10
default_variant: small
variants:
  small: {{size_mib: 1.5}}
  large: {{languages: ['*']}}
""")
    (folder / "claims.yaml").write_text("""
claims:
  - {metric: wer, dataset: LibriSpeech, protocol: greedy, value: 5.5, unit: '%', source: 'https://example.org/paper'}
""")


def test_model_folders_are_snapshots_that_tell_the_present_from_the_past(lab: Lab, tmp_path: Path) -> None:
    statuses = ["candidate", "candidate", "production", "candidate"]
    for status in statuses:
        _model_folder(tmp_path, status)
        Recorder(lab).models(ModelRegistry(tmp_path))
    build(lab)
    seen = query(lab, "SELECT status FROM models WHERE variant = 'small' ORDER BY recorded_at").rows
    assert seen == [("candidate",), ("production",), ("candidate",)]
    current = query(
        lab, "SELECT model, status, languages, size_mib, is_default FROM current_models ORDER BY model"
    ).rows
    assert current == [
        ("echo:large", "candidate", ["*"], None, False),
        ("echo:small", "candidate", ["en", "de"], 1.5, True),
    ]
    assert query(lab, "SELECT model_id, variant, value, stated_in FROM current_claims").rows == [
        ("echo", None, 5.5, "https://example.org/paper")
    ]


def test_a_system_that_goes_back_to_what_it_was_is_recorded_as_such_again(
    lab: Lab, life: ModuleType, recorder: Recorder
) -> None:
    for template in ("a", "b", "a", "a"):
        recorder.system(replace(life.SYSTEM, template=template))
    Recorder(lab).system(replace(life.SYSTEM, template="c"))  # another process
    recorder.system(replace(life.SYSTEM, template="a"))
    build(lab)
    recorded = query(lab, "SELECT template FROM systems ORDER BY recorded_at").rows
    assert recorded == [("a",), ("b",), ("a",), ("c",), ("a",)]
    assert query(lab, "SELECT template FROM current_systems").rows == [("a",)]


def test_the_shipped_models_fit_the_tables(lab: Lab, recorder: Recorder) -> None:
    registry = ModelRegistry()
    recorder.models(registry)
    assert build(lab).problems == []
    assert {row[0] for row in query(lab, "SELECT DISTINCT id FROM current_models").rows} == set(registry.ids())


def test_a_column_that_does_not_exist_is_refused(lab: Lab) -> None:
    with pytest.raises(WarehouseError, match="words has no column loudness; allowed: fingerprint, position"):
        Lake(lab.lake).write("words", "s", [{"loudness": 3}])
    assert list((lab.lake / "words").iterdir()) == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"fingerprint": "f", "kind": "turn", "position": "first", "start_s": 0, "end_s": 1}, "first"),
        ({"fingerprint": "f", "kind": "turn", "start_s": 0, "end_s": 1}, "NOT NULL"),
    ],
)
def test_a_value_the_schema_does_not_allow_is_refused(lab: Lab, row: dict[str, Any], problem: str) -> None:
    with pytest.raises(WarehouseError, match=problem):
        Lake(lab.lake).write("segments", "s", [row])
    assert list((lab.lake / "segments").iterdir()) == []


def test_recording_goes_on_when_the_lake_can_not_be_written(
    lab: Lab, life: ModuleType, recorder: Recorder, content: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lab.home.mkdir(parents=True, exist_ok=True)
    lab.lake.write_text("a file where the folder should be")
    life.record_step(lab, recorder, "a")
    assert "the next build makes them" in caplog.text
    lab.lake.unlink()
    report = build(lab)
    assert (report.recovered_sources, report.problems) == (2, [])
    assert [len(content(lab)[table]) for table in ("steps", "artifacts", "segments")] == [1, 1, 3]


def test_recording_imports_nothing_heavy() -> None:
    heavy = {"torch", "dagster", "pandas", "pyarrow", "transformers", "scipy", "sklearn", "numba"}
    code = "import sys, modellab.warehouse.builder, modellab.warehouse.query; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()


def test_what_checks_say_becomes_a_record_and_a_row_each(lab: Lab, life: ModuleType, recorder: Recorder) -> None:
    record = replace(life.STEP, fingerprint="f" * 64, cached=True)
    checks = [
        CheckRecord("finds_speech", True, "warning", "3 segments"),
        CheckRecord("in_order", False, "error", 'one is "late"', {"level": float("-inf"), "at": Path("x"), "n": [1]}),
    ]
    recorder.checks(record, checks)
    assert (lab.records / "checks" / "20260301" / "step-1.json").is_file()
    rows = _read(lab.lake / "checks" / "step-1.parquet")
    assert [(row["check_name"], row["passed"], row["severity"], row["description"]) for row in rows] == [
        ("finds_speech", True, "warning", "3 segments"),
        ("in_order", False, "error", 'one is "late"'),
    ]
    assert [json.loads(row["metadata"]) for row in rows] == [{}, {"level": None, "at": "x", "n": [1]}]
    assert {(row["step_id"], row["step"], row["fingerprint"], row["run"]) for row in rows} == {
        ("step-1", "vad", "f" * 64, life.RUN.run)
    }
    build(lab)
    before = query(lab, "FROM checks ORDER BY ALL").rows
    rebuild(lab)
    assert query(lab, "FROM checks ORDER BY ALL").rows == before
    assert len(before) == 2


def test_records_of_earlier_versions_have_no_value_in_newer_columns(lab: Lab, life: ModuleType) -> None:
    old = asdict(replace(life.STEP, fingerprint="f" * 64))
    del old["cpu_s"], old["fraction"]
    day = lab.records / "steps" / "20260301"
    day.mkdir(parents=True)
    record = {"kind": "steps", "id": "step-1", "recorded_at": old["ended_at"], "content": old}
    (day / "step-1.json").write_text(json.dumps(record))
    report = build(lab)
    assert report.problems == []
    assert query(lab, "SELECT id, cpu_s, fraction FROM steps").rows == [("step-1", None, None)]


def test_a_dataset_is_a_snapshot_with_its_cases_and_the_latest_counts(lab: Lab, recorder: Recorder) -> None:
    facts = {"dataset": "calls", "version": "1", "languages": ["en"], "tasks": ["asr"], "manifest_sha256": "a" * 64}
    street = {"case_id": "one", "input": "talk-0", "speakers": ["s1"], "known": ["text"], "tags": {"noise": "street"}}
    gone = {"case_id": "two", "input": None, "speakers": [], "tags": {}, "error": "two.wav is missing"}
    recorder.dataset(facts, [street, gone])
    recorder.dataset(facts, [street, gone])
    assert len(list((lab.records / "datasets").rglob("*.json"))) == 1
    recorder.dataset({**facts, "version": "2"}, [street])
    recorder.dataset(facts, [{**street, "tags": {"noise": "café"}}])
    build(lab)
    every = "SELECT version, cases, tasks FROM datasets ORDER BY recorded_at"
    assert query(lab, every).rows == [("1", 2, ["asr"]), ("2", 1, ["asr"]), ("1", 1, ["asr"])]
    now = "SELECT version, case_id, input, speakers, known, tags ->> 'noise', error FROM current_cases ORDER BY version"
    expected = [
        ("1", "one", "talk-0", ["s1"], ["text"], "café", None),
        ("2", "one", "talk-0", ["s1"], ["text"], "street", None),
    ]
    assert query(lab, now).rows == expected
    assert query(lab, "SELECT version, cases FROM current_datasets ORDER BY version").rows == [("1", 1), ("2", 1)]
    cases = query(lab, "FROM cases ORDER BY ALL").rows
    assert len(cases) == 4
    rebuild(lab)
    assert query(lab, "FROM cases ORDER BY ALL").rows == cases
    assert query(lab, now).rows == expected


def test_decisions_count_in_the_order_in_which_they_were_made_and_a_rebuild_has_them(
    lab: Lab, recorder: Recorder
) -> None:
    def decided(event: str, subject: str, before: str | None, after: str | None) -> str:
        about = {"subject_kind": "system", "use_case": "calls", "system_before": before, "system_after": after}
        evidence = {"runs": ["r1"], "fingerprints": ["a" * 64], "score": 0.5}
        return recorder.lifecycle_event(
            {"event": event, "subject": subject, **about, "reason": "x", "evidence": evidence}
        )

    decided("promoted", "tiny", None, "tiny")
    second = decided("promoted", "base", "tiny", "base")
    recorder.lifecycle_event(
        {"event": "quarantined", "subject_kind": "run", "subject": "r9", "reason": "noise", "evidence": None}
    )
    build(lab)
    now = "SELECT use_case, system, promotion, evidence ->> '$.runs[0]' FROM current_promotions"
    assert query(lab, now).rows == [("calls", "base", second, "r1")]
    every = "SELECT event, subject_kind, subject, system_before, system_after FROM lifecycle_events ORDER BY sequence"
    expected = [
        ("promoted", "system", "tiny", None, "tiny"),
        ("promoted", "system", "base", "tiny", "base"),
        ("quarantined", "run", "r9", None, None),
    ]
    assert query(lab, every).rows == expected
    rebuild(lab)
    assert (query(lab, now).rows, query(lab, every).rows) == ([("calls", "base", second, "r1")], expected)
    decided("demoted", "base", "tiny", None)
    build(lab)
    assert query(lab, now).rows == []
