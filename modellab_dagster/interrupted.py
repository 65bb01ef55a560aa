"""Runs of processes that were killed: Dagster would show them running for ever, or starting for minutes.

A process that runs pipelines by itself, without Dagster's daemon to watch over it, tags its runs with the name of its
`ProcessMark`. A process that the daemon had started holds one named after its run, from when its resources are made; a
mark is a lock that the system gives up however the process ends. Before that, and in jobs without those resources, the
launcher's tag says where the process is, and the run's log says which. Dagster's own code server notices when such a
process dies, unless it is killed with it.
"""

import time

import dagster as dg

from modellab.processes import here, is_before_boot, process_that_was
from modellab.settings import Lab
from modellab.warehouse.liveness import is_known, launching, lives
from modellab.warehouse.stops import stop_of
from modellab_dagster.run_launcher import LabRunLauncher
from modellab_dagster.stopping import announcement
from resources.launched import own_process, place_of
from resources.tags import SENSOR_NAME_TAG

_INTERVAL_S = 10
_IN_PROGRESS = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_MARKED_WITHIN_S = 180.0
"""A run gets its mark when its resources are made, in its first second; on a busy machine in many."""
_ANNOUNCED_WITHIN_S = 30.0
"""The launcher is at work as soon as a run is being started, and its process says in the log that it is up as soon as
it has told the launcher so. One that should come later all the same does nothing, for its run is over: Dagster sees
to that."""
_BEGUN = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


def end_interrupted_runs(instance: dg.DagsterInstance, lab: Lab) -> list[str]:
    """Mark the unfinished runs of dead processes as failed, or as canceled where somebody stopped them.

    Returns:
        Their ids.
    """
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS)):
        if not _is_dead(run, instance, lab):
            continue
        if stop := stop_of(lab, run.run_id):
            instance.report_run_canceled(run, f"{str(stop)[0].upper()}{str(stop)[1:]}.")
        else:
            instance.report_run_failed(run, "Interrupted: the process that ran it was killed. Run it again to go on.")
        ended.append(run.run_id)
    return ended


@dg.sensor(
    description="Ends runs whose process was killed, in whatever they were: Dagster waits minutes for those that are"
    " being started.",
    minimum_interval_seconds=_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One look; starts no run."""
    ended = end_interrupted_runs(context.instance, Lab.from_environment())
    return dg.SkipReason(f"Ended: {', '.join(ended)}." if ended else "Every run that is at work has a living process.")


def _is_dead(run: dg.DagsterRun, instance: dg.DagsterInstance, lab: Lab) -> bool:
    if mark := own_process(run):
        return not lives(lab, mark)
    if is_known(lab, run.run_id):
        return not lives(lab, run.run_id)
    if place := place_of(run):
        return _is_gone(run, place, instance, lab)
    if run.status == dg.DagsterRunStatus.STARTING and isinstance(instance.run_launcher, LabRunLauncher):
        return _is_quiet(run, instance)  # the launcher would have said where it is
    return run.status in _BEGUN and _should_have_mark(run, instance)


def _is_gone(run: dg.DagsterRun, place: str, instance: dg.DagsterInstance, lab: Lab) -> bool:
    """Whether the process of a run without a mark is gone for certain; never of one that can't be seen from here."""
    if is_before_boot(place):
        return True
    if place != here() or lives(lab, launching(run.run_id)):
        return False
    if said := announcement(run, instance):
        pid, at = said
        return process_that_was(pid, time.time() - at) is None
    return _is_quiet(run, instance)


def _is_quiet(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Whether nothing has happened to a run for as long as starting one can take."""
    record = instance.get_run_record_by_id(run.run_id)
    return record is not None and time.time() - record.update_timestamp.timestamp() > _ANNOUNCED_WITHIN_S


def _should_have_mark(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Whether a run without a mark began so long ago that it must have had one: marks of the dead go after a day.

    Runs that a sensor asks for all get one; of others nobody knows.
    """
    record = instance.get_run_record_by_id(run.run_id) if SENSOR_NAME_TAG in run.tags else None
    return bool(record and record.start_time and time.time() - record.start_time > _MARKED_WITHIN_S)
