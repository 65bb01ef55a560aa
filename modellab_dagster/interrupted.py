"""Runs of processes that were killed: Dagster would show them running for ever.

A process that runs pipelines by itself, without Dagster's daemon to watch over it, tags its runs with the name of its
`ProcessMark`. That is a lock the operating system gives up however the process ends.
"""

import dagster as dg

from modellab.settings import Lab
from modellab.warehouse.liveness import lives
from resources.tags import PROCESS_TAG

_IN_PROGRESS = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def end_interrupted_runs(instance: dg.DagsterInstance, lab: Lab) -> list[str]:
    """Mark the unfinished runs of dead processes as failed; returns their ids."""
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS)):
        # A run started again from the UI has its parent's tags, but runs under the daemon.
        process = None if run.parent_run_id else run.tags.get(PROCESS_TAG)
        if process and not lives(lab, process):
            instance.report_run_failed(run, "Interrupted: the process that ran it was killed. Run it again to go on.")
            ended.append(run.run_id)
    return ended
