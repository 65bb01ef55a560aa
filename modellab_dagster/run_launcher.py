"""What launches the runs of the UI and the daemon: Dagster's own, whose Terminate ends what computes within seconds."""

import threading
from typing import TYPE_CHECKING

import dagster as dg

from modellab.settings import Lab
from modellab.warehouse.liveness import held_while_launching
from modellab.warehouse.stops import account
from modellab_dagster.stopping import Stopping
from resources.launched import own_process, place_tag

if TYPE_CHECKING:
    from modellab_dagster._dagster_internals import LaunchRunContext


class LabRunLauncher(dg.DefaultRunLauncher):
    """Runs as Dagster's default launcher has them; ends them with their processes, also those of the command line.

    A lab's `dagster.yaml` names it as its `run_launcher`.
    """

    def launch_run(self, context: "LaunchRunContext") -> None:
        """Have the code server start the run's process; returns when that has said that it is up.

        Should this process be killed meanwhile, or the other at once, the run is known to be dead by what is noted here
        (`modellab_dagster.interrupted`).
        """
        run_id = context.dagster_run.run_id
        with held_while_launching(Lab.from_environment(), run_id):
            self._instance.add_run_tags(run_id, place_tag(run_id))
            super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """Have a run stopped; returns whether it can be. It is over a few seconds later."""
        instance = self._instance
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        stopping = Stopping(instance, Lab.from_environment(), run, f"Dagster's Terminate; its server is {account()}'s")
        if refusal := stopping.refusal:
            instance.report_engine_event(str(refusal), run)
            return False
        stopping.begin()
        threading.Thread(target=self._end, args=[run, stopping], name="modellab-terminate").start()
        return True

    def _end(self, run: dg.DagsterRun, stopping: Stopping) -> None:
        if own_process(run) is None:
            self.ask_code_server(run)
        stopping.finish()

    def ask_code_server(self, run: dg.DagsterRun) -> None:
        """Tell a process by way of the server that started it: one that is only being started can't be found yet."""
        try:
            super().terminate(run.run_id)  # type: ignore[no-untyped-call]
        except Exception as error:  # the server may be gone; the process is ended all the same
            self._instance.report_engine_event(f"The code server can't be asked: {error}", run)
