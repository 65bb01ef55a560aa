"""Stopping Dagster runs with all that computes for them, be it in the middle of a call into native code.

Dagster asks a run's process to stop and leaves it at that: a C library that does not return would go on for as long as
it likes. So here the process is killed when it does not listen, with everything it started.
"""

import time
from collections.abc import Set

import dagster as dg

from modellab.errors import UsageError
from modellab.processes import Process, end_all, may_end, process_that_was, with_descendants
from modellab.runs.stopping import GRACE_S
from modellab.settings import Lab
from modellab.warehouse.liveness import holder, lives
from modellab.warehouse.stops import note_stop
from resources.launched import own_process

WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
AT_WORK = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


def process_of(run: dg.DagsterRun, instance: dg.DagsterInstance, lab: Lab) -> Process | None:
    """The process of this machine that does a run; None when there is none, or no longer."""
    if mark := own_process(run):
        return holder(lab, mark)
    return holder(lab, run.run_id) or announced_process(run, instance)


def announced_process(run: dg.DagsterRun, instance: dg.DagsterInstance) -> Process | None:
    """The process that said in the run's log that it does it: before its resources are made, it holds no mark."""
    found = announcement(run, instance)
    return None if found is None else process_that_was(found[0], time.time() - found[1])


def announcement(run: dg.DagsterRun, instance: dg.DagsterInstance) -> tuple[int, float] | None:
    """The number of the process that said in the run's log that it does it, and when it did, in seconds since 1970."""
    told = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT, limit=20).records
    for record in told:
        event = record.event_log_entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event is not None else None
        if pid is not None:
            return int(str(pid.value)), record.event_log_entry.timestamp
    return None


class Stopping:
    """A run that is to be stopped, and all others that its process, or what that started, is at.

    Args:
        by: who wants it, in words that follow "stopped by".
    """

    def __init__(self, instance: dg.DagsterInstance, lab: Lab, run: dg.DagsterRun, by: str) -> None:
        self._instance, self._lab, self._by = instance, lab, by
        self._process = process_of(run, instance, lab)
        self.runs = [run, *self._others(run)]

    @property
    def refusal(self) -> UsageError | None:
        """Why it can't be stopped from here; None where it can."""
        run = self.runs[0]
        if self._process is None and lives(self._lab, own_process(run) or run.run_id):
            return UsageError(
                f"the run {run.run_id} can't be stopped from here",
                found="its process is on another machine, or in another container",
                hint="Stop it there.",
            )
        if self._process is not None and not may_end(self._process):
            return UsageError(
                f"the run {run.run_id} can't be stopped by this account",
                found=f"process {self._process.pid} belongs to another one",
                hint="Stop it as that account.",
            )
        return None

    def begin(self) -> None:
        """Say of every run who stops it, before anything else happens to it."""
        for run in self.runs:
            stop = note_stop(self._lab, run.run_id, self._by)
            if run.status != dg.DagsterRunStatus.CANCELING:
                self._instance.report_run_canceling(run, f"To be {stop}.")

    def finish(self) -> bool:
        """End the process, and have every run ended; returns whether it had to be killed."""
        killed = False
        if self._process is not None:
            # Said before the kill: the code server would call a run failed whose process dies before it is over.
            killed = end_all(self._process, GRACE_S, before_killing=self._end_runs)
        self._end_runs()
        return killed

    def _end_runs(self) -> None:
        for run in self.runs:
            found = self._instance.get_run_by_id(run.run_id)
            if found is not None and not found.is_finished:
                stop = note_stop(self._lab, run.run_id, self._by)
                self._instance.report_run_canceled(found, f"{str(stop)[0].upper()}{str(stop)[1:]}.")

    def _others(self, run: dg.DagsterRun) -> list[dg.DagsterRun]:
        if self._process is None:
            return []
        all_of_it = set(with_descendants(self._process))
        at_work = self._instance.get_runs(dg.RunsFilter(statuses=list(AT_WORK)))
        return [other for other in at_work if other.run_id != run.run_id and self._is_done_by(other, all_of_it)]

    def _is_done_by(self, run: dg.DagsterRun, processes: Set[Process]) -> bool:
        return process_of(run, self._instance, self._lab) in processes
