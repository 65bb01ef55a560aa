"""Stopping runs for the command line, whoever started them."""

import logging
from collections.abc import Sequence
from typing import Literal

import dagster as dg

from modellab.runs.stopping import StoppedRun
from modellab.settings import Lab
from modellab.warehouse.stops import note_stop
from modellab_dagster.home import open_instance
from modellab_dagster.run_launcher import LabRunLauncher
from modellab_dagster.stopping import AT_WORK, WAITING, Stopping
from resources.launched import own_process
from resources.tags import FILE_TAG

_log = logging.getLogger(__name__)
_UNFINISHED = [*WAITING, *AT_WORK]
_ENDED: dict[dg.DagsterRunStatus, Literal["completed", "failed", "canceled"]] = {
    dg.DagsterRunStatus.SUCCESS: "completed",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "canceled",
}


class Stopper:
    """Stops runs for the command line; `RunStopper` says what that means."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def unfinished(self, name: str) -> list[str]:
        with open_instance(self._lab) as instance:
            runs = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
        return [
            run.run_id for run in runs if run.run_id.startswith(name) or name in run.tags.get(FILE_TAG, "").split(", ")
        ]

    def stop(self, dagster_run_ids: Sequence[str], by: str) -> list[StoppedRun]:
        with open_instance(self._lab) as instance:
            stopping = [
                Stopping(instance, self._lab, run, by)
                for run_id in dagster_run_ids
                if (run := instance.get_run_by_id(run_id)) is not None and not run.is_finished
            ]
            for one in stopping:
                if refusal := one.refusal:
                    raise refusal
            return [said for one in stopping for said in self._stop(instance, one)]

    def _stop(self, instance: dg.DagsterInstance, one: Stopping) -> list[StoppedRun]:
        asked = one.runs[0]
        one.begin()
        if asked.status not in WAITING and own_process(asked) is None:
            self._ask_dagster(instance, asked)
        killed = one.finish()
        return [self._said(instance, run, killed=killed) for run in one.runs]

    @staticmethod
    def _ask_dagster(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
        """Have the process told by whoever started it: one that is only being started can't be found yet."""
        launcher = instance.run_launcher
        if isinstance(launcher, LabRunLauncher):
            launcher.ask_code_server(run)
            return
        try:
            launcher.terminate(run.run_id)
        except Exception as error:  # what started it may be gone: its process is ended all the same
            _log.debug("%s can't stop the run %s: %s", type(launcher).__name__, run.run_id, error)

    def _said(self, instance: dg.DagsterInstance, run: dg.DagsterRun, *, killed: bool) -> StoppedRun:
        now = instance.get_run_by_id(run.run_id) or run
        starting = run.status == dg.DagsterRunStatus.STARTING
        return StoppedRun(
            dagster_run_id=run.run_id,
            was="queued" if run.status in WAITING else "starting" if starting else "running",
            status=_ENDED[now.status],
            killed=killed,
            said=str(note_stop(self._lab, run.run_id, "")),
        )
