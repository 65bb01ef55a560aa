"""Terminate in the real UI: in the middle of a model's work, and of a regression sweep with the runs it has begun."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.cli.main import main
from modellab.inputs.store import InputStore
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.command import open_stopper
from modellab_dagster.home import open_instance
from modellab_dagster.partitions import register_partitions
from modellab_dagster.stopping import process_of

ASR = "faster_whisper:tiny.en+asr.batch_size=32+asr.beam_size=20"
"""Decodes ten minutes in one call of CTranslate2, which takes it many seconds."""
_LONGEST_S = 240.0


@pytest.fixture
def served(ui, monkeypatch):
    """The UI that all share; this process is in the same lab."""
    monkeypatch.setenv("MODELLAB_HOME", str(ui.lab.home))
    return ui


def _wait(what, condition):
    end = time.monotonic() + _LONGEST_S
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.1)
    return found


def _process(ui, run):
    with open_instance(ui.lab) as instance:
        return process_of(instance.get_run_by_id(run), instance, ui.lab)


def _ended(ui, run):
    """The run, of which nothing runs any more."""
    [ended] = ui.runs(run)
    return ended["status"]


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_a_model_in_the_middle_of_a_call_is_stopped(served, sample_wav, how):
    sound, rate_hz = soundfile.read(sample_wav, dtype="float32")
    path = served.folder / f"{how}.wav"
    soundfile.write(path, np.tile(sound if how == "kill" else sound * 0.9, 20), rate_hz)
    source = InputStore(served.lab).register(path)
    with open_instance(served.lab) as instance:
        register_partitions(instance, inputs=[source.key], systems=[ASR])
    tags = {"dagster/partition": f"{source.key}|{ASR}"}
    tags |= {"dagster/partition/input": source.key, "dagster/partition/model": ASR}
    run = served.launch("any_steps", ["ingest", "vad", "asr"], tags)
    events = served.lab.events / f"{run}.jsonl"
    _wait("asr", lambda: events.exists() and '"step":"asr"' in events.read_text())
    process = _process(served, run)
    if how == "terminate":
        served.terminate(run)
    else:
        assert main(["runs", "kill", path.name], None, open_stopper) == 0
        assert not process.lives
    assert _ended(served, run) == "CANCELED"
    _wait("its end", lambda: not process.lives)
    build(served.lab)
    [(status, error)] = query(served.lab, f"SELECT status, error FROM run_history WHERE dagster_run_id = '{run}'").rows
    assert status == "canceled"
    assert error.startswith("stopped by Dagster's Terminate; its server is ") == (how == "terminate")
    assert error.endswith(" (modellab runs kill)") == (how == "kill")
    steps = f"SELECT step FROM steps WHERE dagster_run_id = '{run}' AND status = 'completed' ORDER BY place"
    assert query(served.lab, steps).rows == [("ingest",), ("vad",)]


def test_regression_sweeps_go_one_at_a_time_and_end_with_what_they_began(served):
    served.lab.regression.write_text("plan: [{dataset: vad_smoke_v1, systems: ['silero_vad:v6']}]\n")
    config = {"ops": {"regression": {"config": {"repeats": 20}}}}
    first, second = (served.launch("regression_sweep", ["regression"], {}, config) for _ in range(2))
    begun = _wait("a run of the sweep", lambda: _of_commands(served))
    assert {served.status(first), served.status(second)} == {"STARTED", "QUEUED"}
    waiting, at_work = (
        one for status in ("QUEUED", "STARTED") for one in (first, second) if served.status(one) == status
    )
    served.terminate(waiting)
    processes = [_process(served, at_work), *(_process(served, run) for run in begun)]
    served.terminate(at_work)
    assert [_ended(served, run) for run in (waiting, at_work)] == ["CANCELED"] * 2
    _wait("the end of all processes", lambda: not any(one is not None and one.lives for one in processes))
    assert _of_commands(served) == [] and not _children(served)
    build(served.lab)
    history = "SELECT DISTINCT status FROM run_history WHERE system = 'silero_vad:v6' AND launched_by = 'command line'"
    assert set(query(served.lab, history).rows) <= {("completed",), ("canceled",)}
    assert query(served.lab, "SELECT count(*) FROM gates").rows == [(0,)]


def _of_commands(ui):
    """Runs that a command line is at."""
    asked = """{ runsOrError(filter: {statuses: [STARTING, STARTED, CANCELING]}) {
      ... on Runs { results { runId tags { key value } } } } }"""
    runs = ui.ask(asked)["runsOrError"]["results"]
    return [run["runId"] for run in runs if any(tag["key"] == "modellab/process" for tag in run["tags"])]


def _children(ui):
    """Processes of the program in this lab."""
    home = f"MODELLAB_HOME={ui.lab.home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = home in (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if ours and b"modellab_dagster.command" in command and int(process.name) != os.getpid():
            found.append(command)
    return found
