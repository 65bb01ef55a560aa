"""Running pipelines as Dagster runs in this process, for the command line and for whatever else serves the library.

The runs are those that the UI starts: the same code location, jobs, partitions and records. They show up there, and can
be run again from there.
"""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.events import RunFailureReason
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from assets._partition_loop import FORCE_TAG
from assets.partitions import PARTITIONS, partition_key
from modellab.errors import UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.leftovers import remove_leftovers
from modellab.pipeline.events import Event, StepEnded, StepJudged, observed_by
from modellab.pipeline.record import CheckRecord, StepRecord
from modellab.pipeline.system import System, resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.launching import LaunchResult
from modellab.settings import Lab
from modellab.warehouse.liveness import ProcessMark
from modellab_dagster.definitions import defs
from modellab_dagster.home import open_instance
from modellab_dagster.interrupted import end_interrupted_runs
from modellab_dagster.jobs import job_of
from modellab_dagster.partitions import register_partitions
from resources.launched import FILE_TAG, PROCESS_TAG, file_tag
from resources.models import close_models

LOCATION = "modellab"
"""Name of the code location in `workspace.yaml`."""
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster tells of its steps on standard error otherwise; the run's own log has them."""


class Launcher:
    """Runs systems on inputs, each as one Dagster run, all in this process: models stay loaded from one to the next.

    Use it as a context manager.

    Args:
        lab: the lab of the environment, which is what the code location works on.
    """

    def __init__(self, lab: Lab) -> None:
        if lab.home != Lab.from_environment().home:
            raise UsageError(
                "runs work on the lab that the environment names",
                found=str(lab.home),
                allowed=str(Lab.from_environment().home),
            )
        self._lab = lab
        self._registry = ModelRegistry()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._instance = stack.enter_context(open_instance(self._lab, runs_here=True))
            self._mark = ProcessMark(self._lab)
            stack.callback(close_models)
            end_interrupted_runs(self._instance, self._lab)
            remove_leftovers(self._lab)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, system_key: str, source: RegisteredInput, force: bool = False) -> LaunchResult:
        """Run a system on an input to its end.

        Args:
            system_key: what is run; its template's job runs it, or the steps it needs when it is a model's own system.
            force: run steps although their results are there.

        Raises:
            TemplateError: the key does not resolve.
            UnknownName: it names a template, step or model that does not exist.
            KeyboardInterrupt: someone stopped it; the Dagster run is canceled.
        """
        system = resolve_system(system_key, self._registry)
        register_partitions(self._instance, inputs=[source.key], systems=[system.key])
        run, job = self._create_run(system, source, force)
        records: list[StepRecord] = []
        checks: dict[str, tuple[CheckRecord, ...]] = {}

        def keep(event: Event) -> None:
            if isinstance(event, StepEnded):
                records.append(event.record)
            elif isinstance(event, StepJudged):
                checks[event.record.step] = event.checks

        try:
            with observed_by(keep):
                result = execute_run(InMemoryJob(job), run, self._instance)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as stop:
            self._cancel(run)
            raise KeyboardInterrupt from stop
        if _was_interrupted(result):
            self._cancel(result.dagster_run)
            raise KeyboardInterrupt
        failed = [record for record in records if record.status == "failed"]
        return LaunchResult(
            run=records[0].run if records else None,
            dagster_run_id=run.run_id,
            status="completed" if result.success else "failed",
            error=None if result.success else _error(result, records),
            error_page="\n".join(f"{record.step} failed: {record.error_page}" for record in failed) or None,
            records=records,
            checks=checks,
        )

    def _cancel(self, run: dg.DagsterRun) -> None:
        """Say in Dagster that someone stopped the run, unless it was over when they did."""
        found = self._instance.get_run_by_id(run.run_id)
        if found is not None and (not found.is_finished or found.status == dg.DagsterRunStatus.FAILURE):
            self._instance.report_run_canceled(found, "Stopped from the command line.")

    def _create_run(
        self, system: System, source: RegisteredInput, force: bool
    ) -> tuple[dg.DagsterRun, dg.JobDefinition]:
        own_job = job_of(system)
        job = defs.resolve_job_def(own_job) if own_job else defs.resolve_implicit_global_asset_job_def()
        selection = None if own_job else frozenset(dg.AssetKey(step.name) for step in system.steps)
        run = self._instance.create_run_for_job(
            job_def=job if selection is None else job.get_subset(asset_selection=selection),
            run_config=_QUIET,
            tags=self._tags(system, source, force),
            asset_selection=selection,
            # As the UI would give it: it lists the run under its job, and can run it again.
            remote_job_origin=RemoteJobOrigin(
                RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), "__repository__"), job.name
            ),
        )
        return run, job

    def _tags(self, system: System, source: RegisteredInput, force: bool) -> dict[str, str]:
        return {
            **PARTITIONS.get_tags_for_partition_key(partition_key(source.key, system.key)),
            PROCESS_TAG: self._mark.name,
            FILE_TAG: file_tag([source.name]),
            **({FORCE_TAG: "true"} if force else {}),
        }


def _was_interrupted(result: dg.JobExecutionResult) -> bool:
    """Whether a signal ended the run, which Dagster takes for a failure when nobody asked it to cancel."""
    return any(
        event.event_type == dg.DagsterEventType.RUN_FAILURE
        and event.job_failure_data.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION
        for event in result.all_events
    )


def _error(result: dg.JobExecutionResult, records: list[StepRecord]) -> str:
    """Why a run failed: the words of each failed step, or Dagster's own."""
    if failed := [record for record in records if record.status == "failed"]:
        return " ".join(f"{record.step} failed: {record.error}" for record in failed)
    event = next(event for event in result.all_events if event.is_failure)
    return event.message or f"Dagster run {result.run_id} failed"
