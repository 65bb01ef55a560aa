"""Runs of processes that were killed: Dagster would show them running for ever.

A process that runs pipelines by itself, without Dagster's daemon to watch over it, tags its runs with the name of its
`ProcessMark`. A process that the daemon started holds one named after its run: Dagster's own code server notices when
such a process dies, unless it is killed with it. A mark is a lock that the system gives up however the process ends.
"""

import time

import dagster as dg

from modellab.settings import Lab
from modellab.warehouse.liveness import is_known, lives
from resources.tags import PROCESS_TAG, SENSOR_NAME_TAG

_IN_PROGRESS = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_MARKED_WITHIN_S = 180.0
"""A run gets its mark when its resources are made, in its first second; on a busy machine in many."""
_BEGUN = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


def end_interrupted_runs(instance: dg.DagsterInstance, lab: Lab) -> list[str]:
    """Mark the unfinished runs of dead processes as failed; returns their ids."""
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS)):
        if _is_dead(run, instance, lab):
            instance.report_run_failed(run, "Interrupted: the process that ran it was killed. Run it again to go on.")
            ended.append(run.run_id)
    return ended


def _is_dead(run: dg.DagsterRun, instance: dg.DagsterInstance, lab: Lab) -> bool:
    # A run started again from the UI has its parent's tags, but runs under the daemon.
    process = None if run.parent_run_id else run.tags.get(PROCESS_TAG)
    if process:
        return not lives(lab, process)
    if run.status not in _BEGUN:
        return False
    return not lives(lab, run.run_id) if is_known(lab, run.run_id) else _should_have_mark(run, instance)


def _should_have_mark(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Whether a run without a mark began so long ago that it must have had one: marks of the dead go after a day.

    Runs that a sensor asks for all get one; of others nobody knows.
    """
    record = instance.get_run_record_by_id(run.run_id) if SENSOR_NAME_TAG in run.tags else None
    return bool(record and record.start_time and time.time() - record.start_time > _MARKED_WITHIN_S)
