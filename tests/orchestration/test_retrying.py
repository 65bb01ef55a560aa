"""`modellab runs retry`: a new attempt that follows one that is over and stays as it is."""

import json
import shutil

import dagster as dg
import pytest

from modellab.cli.main import main
from modellab.inputs.store import InputStore
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.warehouse.builder import rebuild
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab_dagster.command import open_launcher, open_stopper
from modellab_dagster.home import open_instance
from modellab_dagster.interrupted import end_interrupted_runs
from modellab_dagster.launch import Launcher

SYSTEM = "silero_vad:v6"
_ATTEMPTS = "SELECT dagster_run_id, status, retry_of, root FROM run_history ORDER BY sequence"


@pytest.fixture
def ask(capsys):
    def run(*arguments, code=0):
        assert main([*arguments, "--json"], open_launcher, open_stopper) == code
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def failed(lab, sample_wav, tmp_path):
    """Two recordings of which one was run, and then the other failed at vad, for its results had no place."""
    other = tmp_path / "other.wav"
    shutil.copy(sample_wav, other)
    with other.open("ab") as more:
        more.write(bytes(2))
    sources = [InputStore(lab).register(path) for path in (sample_wav, other)]
    with Launcher(lab) as launcher:
        launcher.run(SYSTEM, sources[0])
        (lab.artifacts / "vad").rename(lab.home / "vad")
        (lab.artifacts / "vad").write_text("in the way")
        results = launcher.sweep([SYSTEM], sources[::-1])
    (lab.artifacts / "vad").unlink()
    (lab.home / "vad").rename(lab.artifacts / "vad")
    assert [result.status for result in results] == ["failed"] * 2
    return sources, results[0].dagster_run_id


def test_only_what_failed_is_computed_and_the_old_attempt_stays(lab, failed, ask, capsys):
    [_, other], old = failed
    before = query(lab, f"FROM run_history WHERE dagster_run_id = '{old}'").rows
    found = ask("runs", "retry", other.name)
    [entry] = found["inputs"]
    assert [(step["step"], step["cached"]) for step in entry["steps"]] == [("ingest", True), ("vad", False)]
    new = entry["dagster_run_id"]
    rows = query(lab, _ATTEMPTS).rows
    assert rows[1:3] == [(old, "failed", None, None)] * 2 and rows[3] == (new, "completed", old, old)
    assert query(lab, f"FROM run_history WHERE dagster_run_id = '{old}'").rows == before
    rebuild(lab)
    assert query(lab, _ATTEMPTS).rows == rows
    with open_instance(lab) as instance:
        run = instance.get_run_by_id(new)
        assert (run.parent_run_id, run.root_run_id) == (old, old)
        assert run.tags["dagster/parent_run_id"] == run.tags["dagster/root_run_id"] == old
        assert instance.get_run_by_id(old).status == dg.DagsterRunStatus.FAILURE
        assert end_interrupted_runs(instance, lab) == []
    again = ask("runs", "retry", new, "--all")["inputs"][0]
    assert [step["cached"] for step in again["steps"]] == [False, False]
    assert query(lab, _ATTEMPTS).rows[4][2:] == (new, old)
    assert ask("runs", "show", again["dagster_run_id"])["attempt"] == 3
    main(["runs", "show", again["dagster_run_id"]], open_launcher)
    assert f"3 of {old}, follows {new}" in capsys.readouterr().out
    assert ask("runs", "show", rows[0][0])["attempt"] == 1


def test_a_dagster_run_stands_for_all_that_failed_in_it(lab, failed, ask):
    sources, old = failed
    found = ask("runs", "retry", old[:13])
    assert {entry["input"] for entry in found["inputs"]} == {source.key for source in sources}
    assert len({entry["dagster_run_id"] for entry in found["inputs"]}) == 1
    refused = ask("runs", "retry", found["inputs"][0]["dagster_run_id"], code=2)["error"]["message"]
    assert refused.startswith("nothing of run ") and refused.endswith("--all does all of it again.")


def test_a_run_at_work_is_not_tried_again(lab, sample_wav, ask):
    source = InputStore(lab).register(sample_wav)
    Recorder(lab).run_started(RunIdentity("a" * 16, "at-work"), source, resolve_system(SYSTEM, ModelRegistry()))
    refused = ask("runs", "retry", "at-work", code=2)["error"]["message"]
    assert refused.startswith(f"run {'a' * 16} (sample.wav, silero_vad:v6) is not over; found running")
    assert query(lab, "SELECT count(*) FROM run_history").rows == [(1,)]
