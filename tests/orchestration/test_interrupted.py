"""Which runs of the daemon are taken for dead."""

import os
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.events import EngineEventData

from modellab.processes import here
from modellab.warehouse.liveness import ProcessMark, held_while_launching
from modellab.warehouse.stops import note_stop
from modellab_dagster import interrupted
from modellab_dagster.home import open_instance
from modellab_dagster.interrupted import end_interrupted_runs
from resources.launched import place_tag
from resources.tags import PLACE_TAG, SENSOR_NAME_TAG

FROM_SENSOR = {SENSOR_NAME_TAG: "audio_drops"}
_MARK = """
import os, sys
from modellab.settings import Lab
from modellab.processes import here
from modellab.warehouse.liveness import ProcessMark, held_while_launching
from modellab.warehouse.stops import note_stop
ProcessMark(Lab.from_environment(), sys.argv[1])
os.kill(os.getpid(), 9)
"""


@dg.job
def nothing():
    """A job without a step."""


@pytest.fixture
def instance(lab):
    with open_instance(lab) as found:
        yield found


def _started(instance, tags=None):
    run = instance.create_run_for_job(nothing, tags=tags)
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, nothing.name)
    instance.report_dagster_event(event, run.run_id)
    return run.run_id


def test_a_run_whose_process_was_killed_is_ended_and_a_living_one_is_not(lab, instance):
    living, killed = _started(instance), _started(instance)
    ProcessMark(lab, living)
    process = subprocess.run([sys.executable, "-c", _MARK, killed], check=False)
    assert process.returncode == -9
    assert end_interrupted_runs(instance, lab) == [killed]
    assert instance.get_run_by_id(killed).status == dg.DagsterRunStatus.FAILURE
    assert instance.get_run_by_id(living).status == dg.DagsterRunStatus.STARTED


def test_a_run_without_a_mark_is_dead_when_it_must_have_had_one(lab, instance, monkeypatch):
    asked_for, by_hand = _started(instance, FROM_SENSOR), _started(instance)
    assert end_interrupted_runs(instance, lab) == []  # it has just begun
    monkeypatch.setattr(interrupted, "_MARKED_WITHIN_S", -1.0)
    assert end_interrupted_runs(instance, lab) == [asked_for]
    assert instance.get_run_by_id(by_hand).status == dg.DagsterRunStatus.STARTED


@pytest.fixture
def starting(instance):
    """A run that the lab's launcher is said to have had started here, in no process yet."""

    def make(tags=None):
        run = instance.create_run_for_job(nothing)
        instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_STARTING.value, nothing.name), run.run_id)
        instance.add_run_tags(run.run_id, place_tag(run.run_id) if tags is None else tags)
        return instance.get_run_by_id(run.run_id)

    return make


def _announce(instance, run, pid):
    instance.report_engine_event(f"Started process for run (pid: {pid}).", run, EngineEventData.in_process(pid))


def test_a_run_that_was_being_started_is_dead_when_the_process_in_its_log_is(lab, instance, starting):
    living, dead, again = starting(), starting(), starting()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _announce(instance, living, os.getpid())
    _announce(instance, dead, gone.pid)
    instance.add_run_tags(again.run_id, place_tag("the run before"))  # run again from the UI, and not launched yet
    _announce(instance, again, gone.pid)
    assert end_interrupted_runs(instance, lab) == [dead.run_id]
    assert instance.get_run_by_id(dead.run_id).status == dg.DagsterRunStatus.FAILURE


def test_one_that_nobody_launches_any_more_is_dead_if_its_process_says_nothing(lab, instance, starting, monkeypatch):
    run = starting()
    assert end_interrupted_runs(instance, lab) == []  # its process is about to say that it is up
    monkeypatch.setattr(interrupted, "_ANNOUNCED_WITHIN_S", -1.0)
    with held_while_launching(lab, run.run_id):
        assert end_interrupted_runs(instance, lab) == []
    assert end_interrupted_runs(instance, lab) == [run.run_id]


def test_one_that_no_launcher_took_up_is_dead_when_nothing_happens_to_it(lab, instance, starting, monkeypatch):
    run = starting({})
    assert end_interrupted_runs(instance, lab) == []
    monkeypatch.setattr(interrupted, "_ANNOUNCED_WITHIN_S", -1.0)
    assert end_interrupted_runs(instance, lab) == [run.run_id]


def test_what_can_not_be_seen_from_here_is_left_to_dagster(lab, instance, starting, monkeypatch):
    monkeypatch.setattr(interrupted, "_ANNOUNCED_WITHIN_S", -1.0)
    machine, boot, space = here().split(" ", 2)
    elsewhere = [f"{machine} {boot} pid:[1]", f"other {boot} {space}", f"other 1234 {space}"]
    for place in elsewhere:
        run = starting({})
        instance.add_run_tags(run.run_id, {PLACE_TAG: f"{run.run_id} {place}"})
    assert end_interrupted_runs(instance, lab) == []
    run = starting({})
    instance.add_run_tags(run.run_id, {PLACE_TAG: f"{run.run_id} {machine} 1234 {space}"})
    assert end_interrupted_runs(instance, lab) == [run.run_id]  # this machine was started again since


def test_one_that_somebody_stopped_is_canceled_and_says_by_whom(lab, instance, starting):
    run = starting()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _announce(instance, run, gone.pid)
    note_stop(lab, run.run_id, "ann on host")
    assert end_interrupted_runs(instance, lab) == [run.run_id]
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
    [record] = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.RUN_CANCELED).records
    assert record.event_log_entry.message == "Stopped by ann on host."


def test_a_run_that_waits_in_the_queue_is_left_alone(lab, instance, monkeypatch):
    monkeypatch.setattr(interrupted, "_MARKED_WITHIN_S", -1.0)
    run = instance.create_run_for_job(nothing, tags=FROM_SENSOR)
    assert end_interrupted_runs(instance, lab) == []
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.NOT_STARTED
