"""`modellab runs kill`: real runs in processes of their own, in the middle of calls that never return to Python."""

import json
import os
import subprocess
import sys
import time

import dagster as dg
import numpy as np
import pytest
import soundfile
from filelock import FileLock

from modellab.cli.main import main
from modellab.inputs.store import InputStore
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster._dagster_internals import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from modellab_dagster.command import open_launcher, open_stopper
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher
from resources.tags import FILE_TAG

_HANGING = """
import ctypes, sys
from modellab_dagster.launch import Launcher
from modellab.inputs.store import InputStore
from modellab.pipeline.events import StepStarted, observed_by
from modellab.settings import Lab

lab = Lab.from_environment()
source = InputStore(lab).get(sys.argv[1])

def hang(event):
    if isinstance(event, StepStarted) and event.step == "vad":
        libc, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
        libc.pthread_mutex_lock(mutex)
        print("in C", flush=True)
        libc.pthread_mutex_lock(mutex)

with Launcher(lab) as launcher, observed_by(hang):
    launcher.run("silero_vad", source)
"""
"""In C for ever, with Python's own lock held: nothing of Python runs in that process any more."""


@pytest.fixture
def source(lab, sample_wav):
    return InputStore(lab).register(sample_wav)


@pytest.fixture
def ask(capsys):
    def run(*arguments, code=0):
        assert main([*arguments, "--json"], open_launcher, open_stopper) == code
        return json.loads(capsys.readouterr().out)

    return run


def _hang(source):
    process = subprocess.Popen(
        [sys.executable, "-c", _HANGING, source.key], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout.readline() == "in C\n"
    return process


def test_a_run_in_c_for_ever_is_stopped_and_what_was_finished_stays(lab, source, ask):
    process = _hang(source)
    [running] = ask("runs", "list", "--status", "running")["runs"]
    [stopped] = ask("runs", "kill", running["run"][:6])["stopped"]
    assert process.poll() is not None, "it was said to be stopped, and is not"
    process.stdout.close()
    said = stopped.pop("said")
    assert said.startswith("stopped by ") and said.endswith(" (modellab runs kill)")
    assert stopped == {
        "dagster_run_id": running["dagster_run_id"],
        "was": "running",
        "status": "canceled",
        "killed": True,
    }
    [history] = query(lab, "SELECT status, error FROM run_history").rows
    assert history == ("canceled", said)
    with open_instance(lab) as instance:
        assert instance.get_run_by_id(running["dagster_run_id"]).status == dg.DagsterRunStatus.CANCELED
    for slot in (lab.home / "slots").glob("*.lock"):
        FileLock(slot).acquire(timeout=0)  # nobody holds it
    with Launcher(lab) as launcher:
        again = launcher.run("silero_vad", source)
    assert [(record.step, record.cached) for record in again.records] == [("ingest", True), ("vad", False)]
    build(lab)
    ended = "SELECT status FROM run_history ORDER BY sequence"
    assert query(lab, ended).rows == [("canceled",), ("completed",)]
    refused = ask("runs", "kill", running["run"], code=2)["error"]
    assert "is over: there is nothing to stop" in refused["message"]


def test_one_that_is_over_or_unknown_is_refused_and_then_no_other_is_stopped(lab, source, ask):
    process = _hang(source)
    try:
        refused = ask("runs", "kill", source.name, "nobody", code=2)["error"]
        assert refused["message"].startswith("there is no run 'nobody'")
        assert process.poll() is None
        with open_instance(lab) as instance:
            [run] = instance.get_runs()
            assert run.status == dg.DagsterRunStatus.STARTED
    finally:
        process.kill()
        process.communicate()


def test_one_that_waits_in_the_queue_leaves_it(lab, ask):
    @dg.job
    def nothing():
        pass

    with open_instance(lab) as instance:
        run = instance.create_run_for_job(
            nothing,
            tags={FILE_TAG: "talk.wav, other.wav"},
            status=dg.DagsterRunStatus.QUEUED,
            remote_job_origin=RemoteJobOrigin(
                RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("modellab"), "__repository__"), "nothing"
            ),
        )
    [stopped] = ask("runs", "kill", "talk.wav")["stopped"]
    assert (stopped["dagster_run_id"], stopped["was"], stopped["status"]) == (run.run_id, "queued", "canceled")
    with open_instance(lab) as instance:
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
    assert "there is no run" in ask("runs", "kill", run.run_id, code=2)["error"]["message"]


def test_a_command_in_the_middle_of_a_models_work_is_stopped(lab, sample_wav, ask, tmp_path):
    """CTranslate2 decodes ten minutes in one call here, which takes it many seconds."""
    sound, rate_hz = soundfile.read(sample_wav, dtype="float32")
    soundfile.write(tmp_path / "long.wav", np.tile(sound, 20), rate_hz)
    asked = ["run", str(tmp_path / "long.wav"), "--pipeline", "faster_whisper:tiny.en"]
    asked += ["--set", "asr.batch_size=32", "--set", "asr.beam_size=20"]
    process = subprocess.Popen(
        [sys.executable, "-m", "modellab_dagster.command", *asked],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ,
    )
    try:
        _wait_for_asr(lab)
        [stopped] = ask("runs", "kill", "long.wav")["stopped"]
        assert stopped["status"] == "canceled"
        assert process.wait(1) != 0
    finally:
        process.kill()
        process.wait()
    [(status, error)] = query(lab, "SELECT status, error FROM run_history").rows
    assert (status, error) == ("canceled", stopped["said"])
    kept = query(lab, "SELECT step FROM steps WHERE status = 'completed' ORDER BY place").rows
    assert kept == [("ingest",), ("vad",)]
    assert list((lab.artifacts / "asr").rglob("manifest.json")) == []


def _wait_for_asr(lab):
    end = time.monotonic() + 120
    while not any('"step":"asr"' in path.read_text() for path in lab.events.glob("*.jsonl")):
        assert time.monotonic() < end, "asr did not begin"
        time.sleep(0.1)
