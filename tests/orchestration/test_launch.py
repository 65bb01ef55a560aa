"""Runs from the command line's launcher: real steps, real code location, real instance."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import partition_key
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.errors import UnknownName, UsageError
from modellab.inputs.store import InputStore
from modellab.pipeline.event_file import follow
from modellab.pipeline.events import RunEnded, StepEnded, StepJudged, StepStarted
from modellab.settings import Lab
from modellab.surfaces.results import Turn
from modellab.warehouse.query import query
from modellab_dagster.definitions import defs
from modellab_dagster.home import open_instance
from modellab_dagster.interrupted import end_interrupted_runs
from modellab_dagster.launch import Launcher
from resources.tags import PROCESS_TAG


@pytest.fixture
def source(lab, sample_wav):
    return InputStore(lab).register(sample_wav)


def test_a_run_is_done_recorded_and_found_the_second_time(lab, source, capfd):
    with Launcher(lab) as launcher:
        first = launcher.run("silero_vad", source)
        second = launcher.run("silero_vad", source)
        forced = launcher.run("silero_vad", source, force=True)
    assert (first.status, first.error) == ("completed", None)
    assert [(record.step, record.cached) for record in first.records] == [("ingest", False), ("vad", False)]
    assert [record.cached for record in second.records] == [True, True]
    assert [record.reproduced for record in forced.records] == [True, True]
    assert first.run == second.run == forced.run
    assert len({first.dagster_run_id, second.dagster_run_id, forced.dagster_run_id}) == 3
    assert capfd.readouterr() == ("", ""), "Dagster talks on the command line's output"
    rows = query(lab, "SELECT dagster_run_id, step, cached FROM steps ORDER BY started_at").rows
    assert [tuple(row) for row in rows] == [
        (first.dagster_run_id, "ingest", False),
        (first.dagster_run_id, "vad", False),
        (second.dagster_run_id, "ingest", True),
        (second.dagster_run_id, "vad", True),
        (forced.dagster_run_id, "ingest", False),
        (forced.dagster_run_id, "vad", False),
    ]


def test_a_system_runs_under_one_key_with_any_text_in_it(lab, source):
    system = "fast_asr_only+asr=faster_whisper:tiny.en"
    given = f"{system}+vad.threshold=0.50+asr.hotwords=Ko\u0308ln+asr.initial_prompt=Oh, you!"
    key = f"{system}+asr.hotwords=Köln+asr.initial_prompt=Oh%2C%20you%21"
    with Launcher(lab) as launcher:
        result = launcher.run(given, source)
        again = launcher.run(key, source)
    assert (result.status, {record.system for record in result.records}) == ("completed", {key})
    assert all(record.cached for record in again.records)
    with open_instance(lab) as instance:
        assert instance.get_dynamic_partitions("model") == [key]
        assert instance.get_materialized_partitions(dg.AssetKey("asr")) == {f"{source.key}|{key}"}
    [asr] = [record for record in result.records if record.step == "asr"]
    manifest = json.loads((lab.home / asr.artifact / "manifest.json").read_text())
    asked = manifest["identity"]["parameters"]
    assert asked == {"hotwords": "Köln", "initial_prompt": "Oh, you!"}


def test_a_runs_events_can_be_followed(lab, source):
    with Launcher(lab) as launcher:
        result = launcher.run("ingest", source)
    events = list(follow(lab, result.dagster_run_id))
    assert [event.number for event in events] == sorted(event.number for event in events)
    assert {event.run for event in events} == {result.run}
    assert events[0] == StepStarted(source.key, "ingest", "ingest", None)
    assert [event.record for event in events if isinstance(event, StepEnded)] == result.records
    assert isinstance(events[-2], StepJudged)
    assert events[-1] == RunEnded(source.key, "ingest", "completed", None)


def test_the_ui_finds_the_run_under_its_job_and_can_run_it_again(lab, source):
    with Launcher(lab) as launcher:
        result = launcher.run("ingest", source)
    with open_instance(lab) as instance:
        run = instance.get_run_by_id(result.dagster_run_id)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.job_name == "ingest"
    assert run.tags["dagster/partition"] == f"{source.key}|ingest"
    assert run.tags["modellab/file"] == source.name
    origin = run.remote_job_origin.repository_origin
    assert (origin.repository_name, origin.code_location_origin.location_name) == ("__repository__", "modellab")


def test_a_failed_step_gives_its_words_and_its_run_ends_failed(lab, source):
    source.path.write_bytes(b"no longer what was registered")
    with Launcher(lab) as launcher:
        result = launcher.run("silero_vad", source)
    assert result.status == "failed"
    ingest, vad = result.records
    assert (ingest.step, ingest.status, f"ingest failed: {ingest.error}") == ("ingest", "failed", result.error)
    assert source.name in result.error
    assert (vad.step, vad.status, vad.error) == ("vad", "not_run", "ingest failed")
    with open_instance(lab) as instance:
        assert instance.get_run_by_id(result.dagster_run_id).status == dg.DagsterRunStatus.FAILURE
    [(status, error)] = query(lab, "SELECT status, error FROM run_history").rows
    assert (status, error) == ("failed", result.error)


def test_an_unknown_system_starts_no_run(lab, source):
    with Launcher(lab) as launcher, pytest.raises(UnknownName, match="silero_vad"):
        launcher.run("silero_vat", source)
    with open_instance(lab) as instance:
        assert instance.get_runs_count() == 0


def test_it_works_on_the_lab_of_the_environment_only(lab, tmp_path):
    elsewhere = Lab(lab.settings.model_copy(update={"home": tmp_path}))
    with pytest.raises(UsageError, match="the environment names"):
        Launcher(elsewhere)


_RUN_UNTIL_STOPPED = """
import signal
import sys
from modellab_dagster.launch import Launcher
from modellab.inputs.store import InputStore
from modellab.pipeline.events import StepStarted, observed_by
from modellab.settings import Lab

# A shell may have told its children to ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
lab = Lab.from_environment()
source = InputStore(lab).get(sys.argv[1])

def wait(event):
    if isinstance(event, StepStarted) and event.step == "vad":
        print("in vad", flush=True)
        import time
        time.sleep(60)

try:
    with Launcher(lab) as launcher, observed_by(wait):
        launcher.run("silero_vad", source)
except KeyboardInterrupt:
    sys.exit(130)
"""


def _start(source) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN_UNTIL_STOPPED, source.key],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert process.stdout.readline() == "in vad\n"
    return process


def test_ctrl_c_cancels_the_run(lab, source):
    process = _start(source)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    with open_instance(lab) as instance:
        [run] = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.CANCELED
        assert end_interrupted_runs(instance, lab) == []
    [(status,)] = query(lab, "SELECT status FROM run_history").rows
    assert status == "canceled"
    steps = query(lab, "SELECT step, status FROM steps ORDER BY started_at").rows
    assert steps == [("ingest", "completed"), ("vad", "canceled")]


def test_a_killed_run_is_ended_by_the_next_and_a_living_one_left_alone(lab, source):
    killed = _start(source)
    killed.kill()
    killed.wait()
    living = _start(source)
    try:
        with open_instance(lab) as instance:
            statuses = {run.tags[PROCESS_TAG]: run.status for run in instance.get_runs()}
        assert sorted(status.value for status in statuses.values()) == ["FAILURE", "STARTED"]
        with Launcher(lab) as launcher:
            result = launcher.run("silero_vad", source)
        assert result.status == "completed"
        with open_instance(lab) as instance:
            assert sorted(run.status.value for run in instance.get_runs()) == ["FAILURE", "STARTED", "SUCCESS"]
    finally:
        living.kill()
        living.wait()


def test_three_at_once_lose_nothing(lab, source):
    code = _RUN_UNTIL_STOPPED.replace("time.sleep(60)", "pass")
    started = time.monotonic()
    processes = [
        subprocess.Popen([sys.executable, "-c", code, source.key], env=os.environ, stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0], time.monotonic() - started
    with open_instance(lab) as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS] * 3
    [(steps,)] = query(lab, "SELECT count(*) FROM steps").rows
    assert steps == 6


def test_importing_the_library_and_its_command_line_imports_no_dagster():
    code = "import sys, modellab_dagster.command; assert 'dagster' not in sys.modules and 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


def test_a_cached_run_imports_no_model_package(lab, source):
    with Launcher(lab) as launcher:
        launcher.run("silero_vad", source)
    code = (
        "import sys\nfrom modellab_dagster.launch import Launcher\nfrom modellab.inputs.store import InputStore\n"
        "from modellab.settings import Lab\nlab = Lab.from_environment()\n"
        "with Launcher(lab) as l:\n    l.run('silero_vad', InputStore(lab).get(sys.argv[1]))\n"
        "assert not {'torch', 'pandas', 'onnxruntime', 'dagster_webserver'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, source.key], check=True)


def test_scorers_run_where_a_dataset_knows_something_and_are_no_part_of_other_runs(lab, sample_wav):
    source = InputStore(lab).register(sample_wav)
    system = "heuristic_diarization:mfcc"
    reference = Reference(turns=[Turn(0.5, 5.0, "a"), Turn(6.0, 9.0, "b")])
    with Launcher(lab) as launcher:
        before = launcher.run(system, source)
        References(lab.references).enrol("calls", "1", [EnrolledCase("one", source.sha256, reference)])
        after = launcher.run(system, source)
    assert [record.step for record in before.records] == ["ingest", "diarization"]
    assert [(record.step, record.status, record.cached) for record in after.records] == [
        ("ingest", "completed", True),
        ("diarization", "completed", True),
        ("diarization_metrics", "completed", False),
    ]
    assert before.run == after.run  # what holds results against references is no part of what is measured
    assert {check.check for check in after.checks["diarization_metrics"]} == {
        "figures_computed",
        "right_more_than_wrong",
    }
    with open_instance(lab) as instance:
        [event] = instance.fetch_materializations(dg.AssetKey("diarization_metrics"), limit=2).records
        assert event.partition_key == partition_key(source.key, system)
        assert "der" in event.asset_materialization.metadata
        assert instance.fetch_materializations(dg.AssetKey("asr_metrics"), limit=1).records == []


def test_a_scorer_asked_for_alone_says_when_nothing_is_known_of_the_recording(lab, sample_wav):
    source = InputStore(lab).register(sample_wav)
    system = "heuristic_diarization:mfcc"
    with Launcher(lab) as launcher, open_instance(lab) as instance:
        launcher.run(system, source)
        job = defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={dg.AssetKey("diarization_metrics")}
        )
        result = job.execute_in_process(
            instance=instance, partition_key=partition_key(source.key, system), raise_on_error=False
        )
    assert not result.success
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert "there is nothing to hold the results of sample.wav against" in str(failure.step_failure_data.error)
