"""What a tick of the sensor `alerts` does; under the real daemon it is in `test_alerts_served.py`."""

import dagster as dg
import pytest
import yaml

from modellab.alerts.outbox import Outbox
from modellab_dagster.alerts import DagsterFailures, alerts
from modellab_dagster.home import open_instance
from resources.tags import SENSOR_NAME_TAG


@pytest.fixture
def instance(lab):
    with open_instance(lab) as found:
        yield found


@dg.op
def good():
    pass


@dg.op
def bad():
    raise ValueError("the disk is full")


def _job(name, op):
    return dg.GraphDefinition(name=name, node_defs=[op]).to_job(executor_def=dg.in_process_executor)


def _run(instance, name, op, **tags):
    return _job(name, op).execute_in_process(instance=instance, raise_on_error=False, tags=tags).run_id


def _tick(instance):
    return alerts.evaluate_tick(dg.build_sensor_context(instance=instance)).skip_message


def test_without_a_file_it_says_what_is_missing_and_remembers_nothing(lab, instance):
    assert _tick(instance).startswith("Nobody is told of what goes wrong: ")
    assert str(lab.alerts_file) in _tick(instance) and not lab.alerts.exists()


def test_failed_runs_are_found_in_their_order_with_why_they_failed(instance):
    runs = DagsterFailures(instance)
    start = runs.last()
    assert runs.after(start) == ([], start)
    first = _run(instance, "one", bad)
    _run(instance, "fine", good)
    second = _run(instance, "two", bad, **{SENSOR_NAME_TAG: "audio_drops"})
    found, mark = runs.after(start)
    assert [(run.dagster_run_id, run.job, run.said, run.is_dropped) for run in found] == [
        (first, "one", "bad: ValueError: the disk is full", False),
        (second, "two", "bad: ValueError: the disk is full", True),
    ]
    assert runs.after(mark) == ([], mark) and runs.last() == mark
    # One that Dagster ended before it began.
    ended = instance.create_run_for_job(_job("three", good))
    instance.report_run_failed(ended, "Interrupted: the process that ran it was killed.")
    [run], _ = runs.after(mark)
    assert (run.dagster_run_id, run.said) == (ended.run_id, "Interrupted: the process that ran it was killed.")
    instance.delete_run(ended.run_id)
    assert runs.after(mark)[0] == []


def test_a_job_came_right_when_it_succeeded_since(instance):
    runs = DagsterFailures(instance)
    assert not runs.came_right("one", 0.0)
    _run(instance, "one", good)
    ended = instance.get_run_records(dg.RunsFilter(job_name="one"))[0].end_time
    assert runs.came_right("one", ended - 1.0) and not runs.came_right("one", ended)
    assert not runs.came_right("two", 0.0)


def test_a_tick_tells_of_what_failed_since_the_first_and_once(lab, instance, tmp_path):
    lab.alerts_file.write_text(
        yaml.safe_dump(
            {"channels": {"file": {"kind": "log", "file": str(tmp_path / "alerts.log")}, "odd": {"kind": "?"}}}
        )
    )
    _run(instance, "before", bad)
    assert _tick(instance) == "0 new alerts, 0 sent, 0 to be sent, odd is broken"
    _run(instance, "after", bad)
    assert _tick(instance) == "1 new alert, 1 sent, 1 to be sent, odd is broken"  # waits until odd is mended
    assert _tick(instance) == "0 new alerts, 0 sent, 1 to be sent, odd is broken"
    with Outbox(lab) as outbox:
        [(alert, _)], _ = outbox.alerts(9)
    assert alert.title == "a run of after failed"
    assert (tmp_path / "alerts.log").read_text().count(alert.id) == 1
    lab.alerts_file.unlink()
    _run(instance, "meanwhile", bad)
    _tick(instance)
    lab.alerts_file.write_text(yaml.safe_dump({"channels": {"file": {"kind": "log", "file": str(tmp_path / "b.log")}}}))
    assert _tick(instance) == "0 new alerts, 0 sent, 0 to be sent"
