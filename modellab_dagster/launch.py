"""Running pipelines as Dagster runs in this process, for the command line and for whatever else serves the library.

The runs are those that the UI starts: the same code location, jobs, partitions and records. They show up there, and can
be run again from there.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeVar

import dagster as dg

from assets.partitions import INPUTS, PARTITIONS, SYSTEMS, partition_key
from modellab.errors import UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.leftovers import remove_leftovers
from modellab.pipeline.events import observed_by
from modellab.pipeline.system import System, resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.launching import LaunchResult, Told, ignore_waiting
from modellab.runs.slots import run_slot
from modellab.settings import Lab
from modellab.steps.outside import has_work
from modellab.warehouse.liveness import ProcessMark
from modellab_dagster._dagster_internals import (
    INTERRUPTED,
    InMemoryJob,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    execute_run,
)
from modellab_dagster.definitions import defs
from modellab_dagster.home import open_instance
from modellab_dagster.interrupted import end_interrupted_runs
from modellab_dagster.jobs import job_of
from modellab_dagster.partitions import register_partitions
from resources.engine import most_runs
from resources.models import close_models
from resources.tags import (
    DEFER_TAG,
    FILE_TAG,
    FORCE_TAG,
    PROCESS_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    file_tag,
)

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
    ) -> list[LaunchResult]:
        """Run every system on every input as one Dagster run; `RunLauncher.sweep` says what that means.

        Args:
            systems: a template's job runs them where they are its systems; otherwise the steps that any of them has.
            inputs: each may be named once.
            force: run steps although their results are there.
            only: names of the steps and scorers that run; the results that they read must be there.
            waits: told when as many runs as `dagster.yaml` allows are at work.

        Raises:
            TemplateError: a key does not resolve.
            UnknownName: one names a template, step or model that does not exist.
            UsageError: there is nothing to run.
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
        with run_slot(self._lab, most_runs(self._instance), waits), observed_by(told):
            run, job = self._create_run(resolved, sources, force, only)
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

    def _cancel(self, run: dg.DagsterRun) -> None:
        """Say in Dagster that someone stopped the run, unless it was over when they did."""
        found = self._instance.get_run_by_id(run.run_id)
        if found is not None and (not found.is_finished or found.status == dg.DagsterRunStatus.FAILURE):
            self._instance.report_run_canceled(found, "Stopped from the command line.")

    def _create_run(
        self, systems: Sequence[System], sources: Sequence[RegisteredInput], force: bool, only: Set[str] | None
    ) -> tuple[dg.DagsterRun, dg.JobDefinition]:
        jobs = {job_of(system) for system in systems}
        own_job = jobs.pop() if len(jobs) == 1 else None
        job = defs.resolve_job_def(own_job) if own_job else defs.resolve_implicit_global_asset_job_def()
        # Scorers are left out where they have nothing to do: a step that only looks costs Dagster as much as any.
        steps = {
            step.name
            for system in systems
            for step in system.all_steps
            if (only is None or step.name in only)
            and (step in system.steps or any(has_work(step, source, self._lab) for source in sources))
        }
        selection = frozenset(map(dg.AssetKey, steps))
        alone = len(sources) == len(systems) == 1
        run = self._instance.create_run_for_job(
            job_def=job.get_subset(asset_selection=selection),
            run_config=_QUIET if alone else {**_QUIET, **_selection(systems, sources)},
            tags={
                **self._partition_tags([source.key for source in sources], [system.key for system in systems]),
                PROCESS_TAG: self._mark.name,
                FILE_TAG: file_tag(source.name for source in sources),
                # Dagster would plan all assets and checks for all partitions, also those that a system does not have,
                # and keep all partitions' names with each plan of a check: 130 MB for 45 recordings and 6 systems.
                **({} if alone else {DEFER_TAG: "true"}),
                **({FORCE_TAG: "true"} if force else {}),
            },
            asset_selection=selection,
            # As the UI would give it: it lists the run under its job, and can run it again.
            remote_job_origin=RemoteJobOrigin(
                RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), "__repository__"), job.name
            ),
        )
        return run, job

    def _partition_tags(self, inputs: Sequence[str], systems: Sequence[str]) -> dict[str, str]:
        """What the run is for, as Dagster can say it: one partition, or a rectangle in its own order.

        It wants a run of its partitioned assets to name some. Where they are no rectangle it gets the first one, and
        the configuration says which all of them are (`SelectionResource`).
        """
        ends = [_ends(INPUTS, inputs, self._instance), _ends(SYSTEMS, systems, self._instance)]
        if len(inputs) == len(systems) == 1 or not all(ends):
            return dict(PARTITIONS.get_tags_for_partition_key(partition_key(inputs[0], systems[0])))
        first, last = (partition_key(source, system) for source, system in zip(*ends, strict=True))
        return {RANGE_START_TAG: first, RANGE_END_TAG: last}


def _ends(definition: dg.DynamicPartitionsDefinition, keys: Sequence[str], instance: dg.DagsterInstance) -> list[str]:
    """The first and the last of `keys` in Dagster's order; empty when others lie between them."""
    known = instance.get_dynamic_partitions(definition.name or "")
    wanted = set(keys)
    places = [place for place, key in enumerate(known) if key in wanted]
    return [known[places[0]], known[places[-1]]] if places[-1] - places[0] + 1 == len(wanted) else []


_Keyed = TypeVar("_Keyed", RegisteredInput, System)


def _distinct(found: Iterable[_Keyed]) -> list[_Keyed]:
    """Each key once, where it is named first."""
    return list({one.key: one for one in found}.values())


def _selection(systems: Sequence[System], sources: Sequence[RegisteredInput]) -> dict[str, object]:
    keys = {"inputs": [source.key for source in sources], "systems": [system.key for system in systems]}
    return {"resources": {"selection": {"config": keys}}}


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
