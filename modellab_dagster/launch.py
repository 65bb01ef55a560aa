"""Running pipelines as Dagster runs in this process, for the command line and for whatever else serves the library.

The runs are those that the UI starts: the same code location, jobs, partitions and records. They show up there, and can
be run again from there.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeVar

import dagster as dg

from modellab.errors import UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.leftovers import remove_leftovers
from modellab.pipeline.events import observed_by
from modellab.pipeline.system import System, resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.launching import LaunchResult, Told, ignore_waiting
from modellab.runs.slots import run_slot
from modellab.settings import Lab
from modellab.warehouse.liveness import ProcessMark
from modellab.warehouse.stops import stop_of
from modellab_dagster._dagster_internals import (
    INTERRUPTED,
    InMemoryJob,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    execute_run,
)
from modellab_dagster.asked import Asked
from modellab_dagster.definitions import defs
from modellab_dagster.home import open_instance
from modellab_dagster.interrupted import end_interrupted_runs
from modellab_dagster.partitions import register_partitions
from resources.engine import most_runs
from resources.launched import process_tag, retry_tags, root_of
from resources.models import close_models
from resources.tags import EXPERIMENT_TAG, FORCE_TAG

LOCATION = "modellab"
"""Name of the code location in `workspace.yaml`."""
_QUIET: dict[str, object] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster tells of its steps on standard error otherwise; the run's own log has them."""


class Launcher:
    """Runs systems on inputs as Dagster runs, all in this process: models stay loaded from one to the next.

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
        """Run a system on an input to its end; raises what `sweep` does."""
        [result] = self.sweep([system_key], [source], force=force)
        return result

    def sweep(
        self,
        systems: Sequence[str],
        inputs: Sequence[RegisteredInput],
        *,
        force: bool = False,
        only: Set[str] | None = None,
        waits: Callable[[int], None] = ignore_waiting,
        retry_of: str | None = None,
        experiment: str | None = None,
    ) -> list[LaunchResult]:
        """Run every system on every input as one Dagster run; `RunLauncher.sweep` says what that means.

        Args:
            systems: a template's job runs them where they are its systems; otherwise the steps that any of them has.
            inputs: each may be named once.
            force: run steps although their results are there.
            only: names of the steps and scorers that run; the results that they read must be there.
            waits: told when as many runs as `dagster.yaml` allows are at work.
            retry_of: the Dagster run that this one is another attempt at; of steps it does what that one was to do.
            experiment: whose run this is; the run's tag `modellab/experiment`.

        Raises:
            TemplateError: a key does not resolve.
            UnknownName: one names a template, step or model that does not exist.
            UsageError: there is nothing to run, or no such run to follow.
            KeyboardInterrupt: someone stopped it; the Dagster run is canceled.
        """
        resolved = _distinct(resolve_system(key, self._registry) for key in systems)
        sources = _distinct(inputs)
        if not (resolved and sources):
            raise UsageError("a sweep needs something to run", found=f"{len(sources)} inputs, {len(resolved)} systems")
        register_partitions(
            self._instance, inputs=[source.key for source in sources], systems=[system.key for system in resolved]
        )
        told = Told()
        before = self._attempt_before(retry_of) if retry_of else None
        if only is None and before is not None and before.asset_selection:
            only = {key.to_user_string() for key in before.asset_selection}
        with run_slot(self._lab, most_runs(self._instance), waits), observed_by(told):
            asked_tags = {
                **({FORCE_TAG: "true"} if force else {}),
                **({EXPERIMENT_TAG: experiment} if experiment else {}),
                **(retry_tags(before) if before is not None else {}),
            }
            run, job = self._create_run(resolved, sources, only, before, asked_tags)
            try:
                result = execute_run(InMemoryJob(job), run, self._instance)
            except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as stop:
                self._cancel(run)
                raise KeyboardInterrupt from stop
        if _was_interrupted(result):
            self._cancel(result.dagster_run)
            raise KeyboardInterrupt
        otherwise = _dagsters_error(result)
        return [told.result(source.key, system.key, run.run_id, otherwise) for source in sources for system in resolved]

    def _attempt_before(self, run_id: str) -> dg.DagsterRun:
        if (run := self._instance.get_run_by_id(run_id)) is not None:
            return run
        raise UsageError(
            f"the run {run_id} can't be tried again",
            found="Dagster has no run of that id any more",
            hint="modellab run does the same as a first attempt; what is done is found.",
        )

    def _cancel(self, run: dg.DagsterRun) -> None:
        """Say in Dagster that someone stopped the run, unless it was over when they did."""
        found = self._instance.get_run_by_id(run.run_id)
        if found is not None and (not found.is_finished or found.status == dg.DagsterRunStatus.FAILURE):
            stop = stop_of(self._lab, run.run_id)
            said = str(stop).capitalize() if stop else "Stopped from the command line"
            self._instance.report_run_canceled(found, f"{said}.")

    def _create_run(
        self,
        systems: Sequence[System],
        sources: Sequence[RegisteredInput],
        only: Set[str] | None,
        before: dg.DagsterRun | None,
        tags: Mapping[str, str],
    ) -> tuple[dg.DagsterRun, dg.JobDefinition]:
        asked = Asked(self._lab, systems, sources, only)
        job = defs.resolve_job_def(asked.job) if asked.job else defs.resolve_implicit_global_asset_job_def()
        run_id = str(uuid.uuid4())
        run = self._instance.create_run_for_job(
            run_id=run_id,
            job_def=job.get_subset(asset_selection=asked.selection),
            run_config={**_QUIET, **asked.config},
            tags={**asked.tags(self._instance), **process_tag(self._mark.name, run_id), **tags},
            asset_selection=asked.selection,
            parent_run_id=None if before is None else before.run_id,
            root_run_id=None if before is None else root_of(before),
            # As the UI would give it: it lists the run under its job, and can run it again.
            remote_job_origin=RemoteJobOrigin(
                RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), "__repository__"), job.name
            ),
        )
        return run, job


_Keyed = TypeVar("_Keyed", RegisteredInput, System)


def _distinct(found: Iterable[_Keyed]) -> list[_Keyed]:
    """Each key once, where it is named first."""
    return list({one.key: one for one in found}.values())


def _was_interrupted(result: dg.JobExecutionResult) -> bool:
    """Whether a signal ended the run, which Dagster takes for a failure when nobody asked it to cancel."""
    return any(
        event.event_type == dg.DagsterEventType.RUN_FAILURE and event.job_failure_data.failure_reason == INTERRUPTED
        for event in result.all_events
    )


def _dagsters_error(result: dg.JobExecutionResult) -> str:
    """Why a run failed, where no step of it says so."""
    event = next((event for event in result.all_events if event.is_failure), None)
    return (event and event.message) or f"Dagster run {result.run_id} failed"
