"""Which runs of the daemon are taken for dead."""

import subprocess
import sys

import dagster as dg
import pytest

from modellab.warehouse.liveness import ProcessMark
from modellab_dagster import interrupted
from modellab_dagster.home import open_instance
from modellab_dagster.interrupted import end_interrupted_runs
from resources.tags import SENSOR_NAME_TAG

FROM_SENSOR = {SENSOR_NAME_TAG: "audio_drops"}
_MARK = """
import os, sys
from modellab.settings import Lab
from modellab.warehouse.liveness import ProcessMark
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


def test_a_run_that_waits_in_the_queue_is_left_alone(lab, instance, monkeypatch):
    monkeypatch.setattr(interrupted, "_MARKED_WITHIN_S", -1.0)
    run = instance.create_run_for_job(nothing, tags=FROM_SENSOR)
    assert end_interrupted_runs(instance, lab) == []
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.NOT_STARTED
