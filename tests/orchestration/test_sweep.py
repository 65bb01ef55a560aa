"""Many inputs under several systems, as one run."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest
import soundfile
import yaml

from assets.partitions import partition_key
from modellab.errors import UsageError
from modellab.inputs.store import InputStore
from modellab.pipeline.events import RunEnded, StepStarted, observed_by
from modellab.runs.slots import run_slot
from modellab.settings import Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.home import open_instance, prepare_home
from modellab_dagster.launch import Launcher

NAMES = ("first", "second", "third", "last")
DEADLINE_S = 60


def _sounds(lab, folder, count):
    """Recordings of half a second that differ."""
    sources = []
    for number in range(count):
        path = folder / f"{number}.wav"
        noise = np.random.default_rng(number).normal(0, 0.1, 4000).astype(np.float32)
        soundfile.write(path, noise, 8000)
        sources.append(InputStore(lab).register(path))
    return sources


def test_systems_and_inputs_are_one_run_that_loads_each_model_once(lab, tmp_path, monkeypatch):
    lab.pipelines.mkdir(parents=True)
    for name, model, parameters in [
        ("a_clean", "rnnoise", {}),
        ("b_clean", "deepfilternet", {}),
        ("c_clean", "rnnoise", {"max_attenuation_db": 20}),
    ]:
        steps = [{"step": "ingest"}, {"step": "enhance", "model": model, "parameters": parameters}]
        (lab.pipelines / f"{name}.yaml").write_text(
            yaml.safe_dump({"name": name, "description": "Cleans.", "steps": steps})
        )
    monkeypatch.setenv("MODELLAB_MODEL_MEMORY_GIB", "0.001")  # one model at a time
    lab = Lab(Settings(_env_file=None))
    first, second = _sounds(lab, tmp_path, 2)
    with Launcher(lab) as launcher:
        results = launcher.sweep(["c_clean", "b_clean", "a_clean"], [first, second, first])
    assert [(result.input, result.system, result.status) for result in results] == [
        (source.key, system, "completed") for source in (first, second) for system in ("c_clean", "b_clean", "a_clean")
    ]
    assert len({result.dagster_run_id for result in results}) == 1
    assert [[record.step for record in result.records] for result in results] == [["ingest", "enhance"]] * 6
    loaded = Counter(record.model for result in results for record in result.records if record.load_s > 0)
    assert loaded == {"rnnoise:v0.2": 1, "deepfilternet:v3": 1}
    with open_instance(lab) as instance:
        assert instance.get_runs_count() == 1
    rows = query(lab, "SELECT input, system, status FROM run_history").rows
    assert sorted(map(tuple, rows)) == sorted((result.input, result.system, result.status) for result in results)


def test_what_fails_for_one_input_is_its_own(lab, tmp_path):
    good, bad, other, gone = _sounds(lab, tmp_path, 4)
    bad.path.write_bytes(b"no longer what was registered")
    with Launcher(lab) as launcher:
        told = []
        with observed_by(lambda event: told.append(event) if isinstance(event, RunEnded) else None):
            results = launcher.sweep(["silero_vad"], [good, bad, other])
        again = launcher.sweep(["silero_vad"], [good, other])
        gone.path.parent.joinpath("input.json").unlink()
        refused, fine = launcher.sweep(["silero_vad"], [gone, good])
    assert [result.status for result in results] == ["completed", "failed", "completed"]
    assert [len(result.records) for result in results] == [2, 2, 2]
    assert results[0].error is None
    assert results[1].error.startswith("ingest failed: ")
    assert "1.wav" in results[1].error
    assert [event.status for event in told] == ["completed", "failed", "completed"]
    assert told[1].error == results[1].error
    assert [record.cached for result in again for record in result.records] == [True] * 4
    assert (refused.status, refused.run, fine.status) == ("failed", None, "completed")
    assert gone.key in refused.error


def test_only_what_is_asked_for_runs_where_it_is_no_rectangle_and_exactly_the_bad_one_failed(toy):
    a, _between, bad, c = (toy.input(name) for name in ("a", "between", "bad-second", "c"))
    result = toy.run_selection([c.key, a.key, bad.key], ["whole", "short"])
    assert not result.success
    asked = {partition_key(source.key, system) for source in (a, bad, c) for system in ("whole", "short")}
    lost = {partition_key(bad.key, system) for system in ("whole", "short")}
    whole = {key for key in asked if key.keys_by_dimension["model"] == "whole"}
    assert toy.materialized("first") == asked
    assert toy.materialized("second") == asked - lost
    assert toy.materialized("third") == toy.materialized("last") == whole - lost
    assert toy.failed("first") == set()
    assert toy.failed("second") == lost
    assert toy.failed("last") == lost & whole
    assert toy.stale_reasons("last", partition_key(c.key, "whole")) == []
    rows = query(toy.lab, "SELECT name, system, status FROM run_history ORDER BY name, system").rows
    assert [tuple(row) for row in rows] == [
        (name, system, status)
        for name, status in (("a.wav", "completed"), ("bad-second.wav", "failed"), ("c.wav", "completed"))
        for system in ("short", "whole")
    ]
    order = query(toy.lab, "SELECT input FROM steps WHERE step = 'first' AND system = 'short' ORDER BY started_at").rows
    assert [key for (key,) in order] == [c.key, a.key, bad.key]


def test_a_sweep_says_its_range_where_dagster_has_one_and_can_be_run_again(lab, tmp_path):
    sources = _sounds(lab, tmp_path, 3)
    with Launcher(lab) as launcher:
        whole = launcher.sweep(["ingest"], sources)[0].dagster_run_id
        keys = launcher._instance.get_dynamic_partitions("input")
        ends = [next(source for source in sources if source.key == key) for key in (keys[0], keys[2])]
        holes = launcher.sweep(["ingest"], ends)[0].dagster_run_id
    with open_instance(lab) as instance:
        runs = [instance.get_run_by_id(run) for run in (whole, holes)]
    assert [run.job_name for run in runs] == ["ingest", "ingest"]
    assert runs[0].tags["dagster/asset_partition_range_start"] == f"{keys[0]}|ingest"
    assert runs[0].tags["dagster/asset_partition_range_end"] == f"{keys[2]}|ingest"
    assert runs[1].tags["dagster/partition"] == f"{keys[0]}|ingest"
    asked = runs[1].run_config["resources"]["selection"]["config"]
    assert asked == {"inputs": [source.key for source in ends], "systems": ["ingest"]}
    assert runs[0].tags["modellab/file"] == "0.wav, 1.wav, 2.wav"


def test_dagster_plans_nothing_that_no_system_of_a_sweep_does(lab, tmp_path):
    """Else checks of steps that a system lacks read as skipped, and plans grow with the square of partitions."""
    sources = _sounds(lab, tmp_path, 3)
    sources[2].path.write_bytes(b"no longer what was registered")
    with Launcher(lab) as launcher:
        launcher.sweep(["ingest", "silero_vad:v6"], sources)
    checks = {}
    with sqlite3.connect(lab.dagster_home / "history" / "runs" / "index.db") as index:
        found = index.execute("SELECT asset_key, partition, execution_status FROM asset_check_executions").fetchall()
        planned = index.execute(
            "SELECT asset_key, partition FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED'"
        ).fetchall()
    for asset, partition, status in found:
        checks.setdefault((json.loads(asset)[0], partition), set()).add(status)
    good = [source.key for source in sources[:2]]
    expected = {("ingest", f"{key}|{system}") for key in good for system in ("ingest", "silero_vad:v6")}
    assert checks.keys() == expected | {("vad", f"{key}|silero_vad:v6") for key in good}
    assert {status for statuses in checks.values() for status in statuses} <= {"SUCCEEDED", "FAILED"}
    bad = sources[2].key
    assert {(json.loads(asset)[0], partition) for asset, partition in planned} == {
        ("ingest", f"{bad}|ingest"),
        ("ingest", f"{bad}|silero_vad:v6"),
        ("vad", f"{bad}|silero_vad:v6"),
    }


def test_nothing_to_run_is_refused(lab, tmp_path):
    with Launcher(lab) as launcher:
        for systems, sources in ([], _sounds(lab, tmp_path, 1)), (["ingest"], []):
            with pytest.raises(UsageError, match="needs something to run"):
                launcher.sweep(systems, sources)
        assert launcher._instance.get_runs_count() == 0


def test_rows_can_be_read_while_the_run_goes_on(toy, monkeypatch):
    monkeypatch.setattr("modellab.warehouse.meanwhile.INTERVAL_S", 0.05)
    sources = [toy.input("a"), toy.input("b")]
    build(toy.lab)
    seen = []

    def wait(event):
        if isinstance(event, StepStarted) and event.step == "third" and not seen:
            deadline = time.monotonic() + DEADLINE_S
            while not seen and time.monotonic() < deadline:
                found = query(toy.lab, "SELECT count(*) FROM steps WHERE step = 'second'").rows
                seen.extend(count for (count,) in found if count == 2)

    with observed_by(wait):
        assert toy.run(sources, ["whole"]).success
    assert seen == [2]


class _Elsewhere:
    """Somebody else who is at work: a thread that holds a slot."""

    def __init__(self, lab, most):
        self._over, ready = threading.Event(), threading.Event()

        def work():
            with run_slot(lab, most):
                ready.set()
                self._over.wait(DEADLINE_S)

        self._thread = threading.Thread(target=work)
        self._thread.start()
        assert ready.wait(DEADLINE_S)

    @property
    def at_work(self):
        return not self._over.is_set()

    def end(self):
        self._over.set()
        self._thread.join()


def test_no_more_than_so_many_are_at_work_and_who_waits_is_told_once(lab):
    others = [_Elsewhere(lab, 2), _Elsewhere(lab, 2)]
    told = []

    def waits(most):
        told.append(most)
        others[0].end()

    with run_slot(lab, 2, waits), run_slot(lab, 2, waits):  # what is held is not asked for again
        assert told == [2]
        with run_slot(lab, 3, waits), run_slot(lab, -1, waits):
            assert told == [2]
    others[1].end()


@pytest.fixture
def one_at_once(lab):
    """The lab's own `dagster.yaml`, changed by its user."""
    settings = prepare_home(lab) / "dagster.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("max_concurrent_runs: 3", "max_concurrent_runs: 1"))
    return settings


@pytest.mark.parametrize("launched_by", ["command line", "ui"])
def test_a_run_waits_while_as_many_are_at_work_as_the_labs_settings_say(one_at_once, request, tmp_path, launched_by):
    toy = request.getfixturevalue("toy")
    other = _Elsewhere(toy.lab, 1)
    threading.Timer(1.0, other.end).start()
    at_work = set()
    source = toy.input("a")
    with observed_by(lambda event: at_work.add(other.at_work) if isinstance(event, StepStarted) else None):
        if launched_by == "ui":
            assert toy.run([source], ["short"]).success
        else:
            told = []
            with Launcher(toy.lab) as launcher:
                [result] = launcher.sweep(["ingest"], [source], waits=told.append)
            assert (result.status, told) == ("completed", [1])
    assert at_work == {False}


def test_a_killed_process_gives_its_slot_back(lab):
    code = (
        "import sys, time\nfrom modellab.runs.slots import run_slot\nfrom modellab.settings import Lab\n"
        "with run_slot(Lab.from_environment(), 1):\n    print('held', flush=True)\n    time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert holder.stdout.readline() == "held\n"
    told = []

    def waits(most):
        told.append(most)
        holder.kill()
        holder.wait()

    with run_slot(lab, 1, waits):
        assert told == [1]
