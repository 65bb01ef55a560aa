"""`modellab experiments`: defined, started, gone on with, compared and deleted; and the job that starts one."""

import json

import dagster as dg
import pytest

from modellab.cli.main import main
from modellab.warehouse.query import query
from modellab_dagster.command import open_launcher
from modellab_dagster.definitions import defs
from modellab_dagster.home import open_instance

CREATE = ["experiments", "create", "pads", "-d", "vad_smoke_v1", "-m", "silero_vad", "--grid", "vad.threshold=0.5,0.9"]
SYSTEMS = ["silero_vad:v6", "silero_vad:v6+vad.threshold=0.9"]
COMPUTED = "SELECT count(*) FROM steps WHERE status = 'completed' AND NOT cached"


@pytest.fixture
def asked(capsys):
    def ask(*arguments, code=0):
        assert main([*arguments, "--json"], open_launcher) == code
        return json.loads(capsys.readouterr().out)

    return ask


def test_an_experiment_is_defined_started_compared_and_deleted_and_its_results_stay(lab, asked, capsys):
    made = asked(*CREATE, "--question", "Is it worth it?", "--hypothesis", "No.")
    assert (made["experiment"], made["datasets"], made["systems"]) == ("pads", ["vad_smoke_v1"], SYSTEMS)
    assert (made["question"], made["hypothesis"], made["budget_s"], made["metric"]) == (
        "Is it worth it?",
        "No.",
        None,
        None,
    )
    assert not lab.artifacts.joinpath("vad").exists()
    [listed] = asked("experiments", "list")["experiments"]
    assert (listed["experiment"], listed["state"]) == ("pads", None)

    started = asked("experiments", "start", "pads")
    assert (started["experiment"], started["complete"]) == ("pads", True)
    assert [
        one["n"] for one in (system["metrics"]["detection_error"] for system in started["datasets"][0]["systems"])
    ] == [3, 3]
    with open_instance(lab) as instance:
        runs = instance.get_runs()
        assert [run.tags.get("modellab/experiment") for run in runs] == ["pads"]
    computed = query(lab, COMPUTED).rows
    again = asked("experiments", "start", "pads")
    assert query(lab, COMPUTED).rows == computed
    assert again["datasets"][0]["comparisons"] == started["datasets"][0]["comparisons"]

    compared = asked("experiments", "compare", "pads")
    assert compared["datasets"][0]["comparisons"] == started["datasets"][0]["comparisons"]
    shown = asked("experiments", "show", "pads")
    assert [(one["system"], one["fate"], one["inputs"]) for one in shown["fates"]] == [
        (key, "measured", 3) for key in SYSTEMS
    ]
    assert asked("experiments", "list")["experiments"][0]["state"] == "done"
    assert main(["experiments", "compare", "pads"], open_launcher) == 0
    said = capsys.readouterr().out
    assert "Question      Is it worth it?" in said
    assert "detection_error   lower is better" in said

    assert asked("experiments", "delete", "pads") == {"deleted": "pads"}
    assert asked("experiments", "list") == {"experiments": []}
    assert query(lab, COMPUTED).rows == computed
    assert query(lab, "SELECT count(*) FROM sweeps WHERE experiment = 'pads'").rows == [(2,)]
    asked(*CREATE)  # the name is free again, and what was measured is there
    asked("experiments", "start", "pads")
    assert query(lab, COMPUTED).rows == computed


def test_what_is_no_experiment_is_refused(lab, asked):
    asked(*CREATE)
    assert "already" in asked(*CREATE, code=2)["error"]["message"]
    assert "Pads!" in asked("experiments", "create", "Pads!", *CREATE[3:], code=2)["error"]["message"]
    assert asked("experiments", "start", "pad", code=2)["error"]["hint"] == "Did you mean pads?"
    assert "vad_smok" in asked("experiments", "create", "b", "-d", "vad_smok", *CREATE[5:], code=2)["error"]["message"]
    assert (
        "sharpness"
        in asked("experiments", "create", "c", *CREATE[3:], "--metric", "sharpness", code=2)["error"]["message"]
    )
    assert [one["experiment"] for one in asked("experiments", "list")["experiments"]] == ["pads"]


def test_the_job_starts_it_and_says_what_became_of_each_system(lab, asked):
    asked("experiments", "create", "one", "-d", "vad_smoke_v1", "-m", "silero_vad")
    with open_instance(lab) as instance:
        job = defs.resolve_job_def("experiment")

        def start(name):
            config = {"ops": {"start_experiment": {"config": {"name": name}}}}
            return job.execute_in_process(run_config=config, instance=instance, raise_on_error=False)

        done = start("one")
        assert done.success
        [output] = [event for event in done.all_node_events if event.event_type == dg.DagsterEventType.STEP_OUTPUT]
        assert output.step_output_data.metadata["complete"].value is True
        tagged = instance.get_runs(dg.RunsFilter(tags={"modellab/experiment": "one"}))
        assert [run.status for run in tagged] == [dg.DagsterRunStatus.SUCCESS]
        failed = start("none")
        assert not failed.success
        [event] = [event for event in failed.all_node_events if event.is_step_failure]
        assert "there is no experiment 'none'" in str(event.step_failure_data.error)


def test_the_job_of_a_sweep_says_what_became_of_each_system(lab):
    with open_instance(lab) as instance:
        form = {"datasets": ["vad_smoke_v1"], "models": ["silero_vad"], "pipeline": "", "grid": [], "budget": ""}
        done = defs.resolve_job_def("sweep").execute_in_process(
            run_config={"ops": {"start_sweep": {"config": {**form, "metric": ""}}}}, instance=instance
        )
    [output] = [event for event in done.all_node_events if event.event_type == dg.DagsterEventType.STEP_OUTPUT]
    said = output.step_output_data.metadata
    assert (said["complete"].value, said["failed"].value) == (True, 0)
    assert said["systems"].md_str.splitlines()[2:] == ["| vad_smoke_v1 | silero_vad:v6 | measured | 3 of 3 |"]
