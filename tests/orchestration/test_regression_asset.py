"""The asset `regression`: the program's gate as a child, its verdicts as checks, its schedules."""

import json
import os
import signal
import threading
import time

import dagster as dg
import pytest
import yaml

from assets.regression import RegressionConfig
from modellab.settings import Lab, Settings
from modellab.warehouse.query import query
from modellab_dagster.command import main
from modellab_dagster.definitions import defs
from modellab_dagster.schedules import SCHEDULES, nightly_regressions, weekly_speed
from resources.program import run_program

CHECKS = {"production_kept": True, "production_measured": True, "nothing_doubtful": True}


@pytest.fixture
def watched(lab, monkeypatch):
    """Watches a pipeline of the user's on the smallest set; gives what changes its threshold."""
    monkeypatch.setenv("MODELLAB_HOME", str(lab.home))
    lab.pipelines.mkdir(parents=True)
    lab.regression.write_text("plan: [{dataset: vad_smoke_v1, systems: [mine]}]\ntolerances: {detection_error: 0.0}\n")

    def write(threshold):
        steps = [{"step": "ingest"}, {"step": "vad", "model": "silero_vad", "parameters": {"threshold": threshold}}]
        text = yaml.safe_dump({"name": "mine", "description": "Finds speech.", "steps": steps})
        (lab.pipelines / "mine.yaml").write_text(text)

    write(0.5)
    return write


def _sweep(**config):
    with dg.DagsterInstance.ephemeral() as instance:
        run_config = dg.RunConfig(ops={"regression": RegressionConfig(**config)})
        result = defs.resolve_job_def("regression_sweep").execute_in_process(
            instance=instance, run_config=run_config, raise_on_error=False
        )
        checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
        return result, checks


def test_a_night_sets_the_baseline_and_the_next_says_what_may_have_got_worse(lab, watched):
    result, checks = _sweep()
    assert result.success
    assert {name: one.passed for name, one in checks.items()} == CHECKS
    watched(0.97)
    result, checks = _sweep()
    assert result.success
    assert {name: one.passed for name, one in checks.items()} == {**CHECKS, "nothing_doubtful": False}
    assert checks["nothing_doubtful"].severity == dg.AssetCheckSeverity.WARN
    assert "mine on vad_smoke_v1: detection_error 0.065 then" in checks["nothing_doubtful"].description
    assert "changed: vad: threshold 0.5 then, 0.97 now" in checks["nothing_doubtful"].description
    [page] = result.asset_materializations_for_node("regression")
    assert page.metadata["doubtful"].value == 1
    assert "| vad_smoke_v1 | mine | production | doubtful |" in str(page.metadata["verdicts"].value)
    assert query(lab, "SELECT verdict FROM gates ORDER BY sequence").rows == [("no baseline",), ("doubtful",)]


def test_repeats_are_a_measurement_of_speed_that_the_page_and_the_command_show(lab, watched, capsys):
    result, _ = _sweep(repeats=3)
    [page] = result.asset_materializations_for_node("regression")
    rows = [line.split(" | ") for line in str(page.metadata["speed and memory"].value).splitlines()[2:]]
    assert [row[0] for row in rows] == ["| mine"] * 2
    assert {row[2] for row in rows} == {"vad"} and {row[3] for row in rows} == {"1"}
    capsys.readouterr()
    assert main(["history", "mine", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["series"]
    assert {one["metric"]: one["recordings"] for one in found} == {"real_time_factor": 2, "peak_memory_mib": 2}
    [(pace,)] = query(
        lab,
        "SELECT sum(pace * audio_s) / sum(audio_s) FROM (SELECT min(inference_s / audio_s) AS pace, max(audio_s) AS "
        "audio_s FROM steps WHERE step = 'vad' AND NOT cached AND NOT first_inference GROUP BY input)",
    ).rows
    assert [one["values"] for one in found if one["metric"] == "real_time_factor"] == [[pytest.approx(pace)]]
    assert main(["history", "mine"]) == 0
    assert "vad_smoke_v1 1 (cpu" in capsys.readouterr().out
    assert main(["history", "other"]) == 0
    assert "Nothing was measured so" in capsys.readouterr().out


def test_what_can_not_be_measured_fails_the_check_and_what_is_not_valid_the_run(lab, watched):
    (lab.pipelines / "mine.yaml").unlink()
    result, checks = _sweep()
    assert result.success
    assert {name: one.passed for name, one in checks.items()} == {**CHECKS, "production_measured": False}
    assert checks["production_measured"].severity == dg.AssetCheckSeverity.ERROR
    lab.regression.write_text("speed: fast\n")
    result, checks = _sweep()
    assert (result.success, checks) == (False, {})
    [failure] = [event for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    assert "regression.yaml is not valid" in failure.step_failure_data.user_failure_data.description


def test_the_child_ends_when_its_run_is_stopped(lab, watched):
    """As Dagster's Terminate does it: an exception in the run's own thread."""
    lines, stopped = [], threading.Event()

    def say(line):
        lines.append(line)
        if "runs done" in line or "recordings under" in line:
            stopped.set()

    def interrupt():
        stopped.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_program(["regress", "--repeats", "20"], say)
    assert stopped.is_set()
    assert time.monotonic() - started < 120
    assert "20 of" not in "".join(lines)


def test_schedules_are_the_settings_and_the_labs(lab, monkeypatch):
    assert {one.execution_timezone for one in SCHEDULES} == {lab.timezone}
    assert (nightly_regressions.cron_schedule, weekly_speed.cron_schedule) == ("0 1 * * *", "0 4 * * 0")
    assert nightly_regressions.default_status == dg.DefaultScheduleStatus.RUNNING
    assert weekly_speed.default_status == dg.DefaultScheduleStatus.STOPPED
    monkeypatch.setenv("MODELLAB_REGRESSION_CRON", "61 1 * * *")
    with pytest.raises(Exception, match=r"MODELLAB_REGRESSION_CRON='61 1 \* \* \*'.*bad minute; minute, hour"):
        Lab.from_environment()
    monkeypatch.setenv("MODELLAB_REGRESSION_CRON", "30 2 * * 1-5")
    assert Lab(Settings(_env_file=None)).settings.regression_cron == "30 2 * * 1-5"
