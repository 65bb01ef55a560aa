"""Watched folders in Dagster: a sensor that looks, and a job that takes what was dropped and says what came of it.

The sensor's tick reads names, sizes and times only. What it remembers is a database of the lab (`DropState`), and its
cursor is empty: whatever is killed, the next tick finds out from that and from Dagster's runs what is to be done.
"""

import time
from collections.abc import Iterator, Sequence

import dagster as dg
from filelock import FileLock

from assets.catalogue import ASSETS
from assets.partitions import INPUTS
from modellab.drops.inboxes import Inbox, Inboxes, inboxes_of, system_of
from modellab.drops.listing import list_folder
from modellab.drops.outcome import EndedRun, end_batches, record_ended, shown_name
from modellab.drops.remembered import Batch
from modellab.drops.state import DropState
from modellab.drops.taking import Taker
from modellab.drops.watching import look
from modellab.errors import InboxError, LabError
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.units import plural
from modellab.warehouse.builder import build
from modellab.warehouse.liveness import ProcessMark
from modellab_dagster.asked import Asked
from modellab_dagster.jobs import JOBS
from modellab_dagster.partitions import register_partitions
from resources.tags import PRIORITY_TAG, RUN_KEY_TAG

_INTERVAL_S = 10
_MOST_BATCHES = 2
"""Runs of dropped files at once: of the three that a lab has by default one is left to people."""
_LARGEST_BATCH = 100
"""Recordings in one run: each model is loaded once for all of them, and what is dropped later waits for no more."""
_LONGEST_BATCH_S = 1800.0
"""Sound in one run: each step goes through all recordings before the next, so that the first is done with the last."""
_TAKING_S = 120.0
"""Then the job ends, and is asked for again while there is more: what came of runs is said meanwhile."""
_AFTER_FAILURE_S = 60.0
"""Before the job is asked for again that failed: a full disk is not full for a tick."""
_FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)

any_steps = dg.define_asset_job(
    "any_steps",
    selection=dg.AssetSelection.assets(*ASSETS),
    description="Every step: for systems that are no pipeline of their own, such as a model by itself. Each does those"
    " it has.",
)


@dg.op(description="Registers complete files as inputs, and records what came of those whose runs are over.")
def take_drops(context: dg.OpExecutionContext) -> None:
    """What a tick is too short for: hashing, decoding, copying, and bringing the database up to date."""
    lab = Lab.from_environment()
    ProcessMark(lab, context.run_id)
    inboxes = _resolving(inboxes_of(lab).usable, context)
    with DropState(lab) as state, FileLock(lab.drops / "taking.lock"):
        end_batches(lab, state, _ended_runs(context.instance, state))

        def tell(source: RegisteredInput) -> None:
            if not context.instance.has_dynamic_partition(INPUTS.name or "", source.key):
                context.instance.add_dynamic_partitions(INPUTS.name or "", [source.key])

        taken = Taker(lab, state, inboxes, tell).take_all(_TAKING_S)
        ended = record_ended(lab, state, inboxes)
        state.forget_old(time.time())
    for drop in ended:
        context.log.info(f"{drop.status}: {shown_name(drop)}{f' ({drop.reason})' if drop.reason else ''}")
    build(lab)
    context.add_output_metadata({"registered": taken.registered, "refused": taken.refused, "ended": len(ended)})


inbox_job = dg.GraphDefinition(name="inbox", node_defs=[take_drops]).to_job(
    description="Takes complete files from watched folders, and records what came of them. The sensor asks for it.",
    executor_def=dg.in_process_executor,
    config={"loggers": {"console": {"config": {"log_level": "WARNING"}}}},  # the run's own log has every file
    tags={PRIORITY_TAG: "1"},
)


@dg.sensor(
    description="Looks at the watched folders, asks for the job that takes complete files, and for their runs: each"
    " recording once under each system. modellab inbox list says which folders are watched.",
    jobs=[*JOBS, any_steps, inbox_job],
    minimum_interval_seconds=_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def audio_drops(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One look; starts runs and reads no file."""
    lab = Lab.from_environment()
    found = inboxes_of(lab)
    if not (found.usable or found.broken or lab.drops.exists()):
        return dg.SkipReason("No folder is watched: modellab inbox add FOLDER, or MODELLAB_INBOX.")
    with DropState(lab) as state:
        there, problems = _look(found, lab, state)
        for problem in problems:
            context.log.warning(problem)
        state.make_batches(_MOST_BATCHES, _LARGEST_BATCH, _LONGEST_BATCH_S, time.time())
        requests = list(_runs(context.instance, lab, state))
        if _has_work(context, state, there):
            requests.append(dg.RunRequest(job_name=inbox_job.name))
        said = _said(state, found)
    if not requests:
        return dg.SkipReason("; ".join([said, *problems]))
    return dg.SensorResult(run_requests=requests)


def _look(found: Inboxes, lab: Lab, state: DropState) -> tuple[list[Inbox], list[str]]:
    """Look at every folder once; returns those that are there, and what is wrong."""
    there, problems = [], [str(one.error) for one in found.broken]
    for inbox in found.usable:
        try:
            listing = list_folder(inbox.folder, lab.home, subfolders=inbox.options.subfolders)
        except InboxError as error:
            problems.append(str(error))
            continue
        there.append(inbox)
        now = time.time()
        if changes := look(state.known(inbox.key), listing, now, inbox.options.steady_s):
            state.apply(inbox.key, changes, now)
    return there, problems


def _runs(instance: dg.DagsterInstance, lab: Lab, state: DropState) -> Iterator[dg.RunRequest]:
    """The run of every batch that has none yet."""
    for batch in state.open_batches():
        if _run_of(instance, batch) is None:
            try:
                system = resolve_system(batch.system, ModelRegistry(), lab)
            except LabError as error:
                state.fail(state.works_of(batch), str(error))
                state.end_batch(batch, ())
                continue
            sources = _sources(lab, state, batch)
            if not sources:
                state.end_batch(batch, ())
                continue
            register_partitions(instance, inputs=[source.key for source in sources], systems=[system.key])
            asked = Asked(lab, [system], sources)
            yield dg.RunRequest(
                run_key=batch.key,
                job_name=asked.job or any_steps.name,
                asset_selection=sorted(asked.selection),
                run_config=asked.config,
                tags=asked.tags(instance),
            )


def _sources(lab: Lab, state: DropState, batch: Batch) -> list[RegisteredInput]:
    """The inputs of a batch, in the order in which they were dropped; one that is gone or damaged fails by itself."""
    sources, store = [], InputStore(lab)
    for work in state.works_of(batch):
        if work.status == "batched":
            try:
                sources.append(store.get(work.input))
            except LabError as error:
                state.fail([work], str(error))
    return sources


def _has_work(context: dg.SensorEvaluationContext, state: DropState, inboxes: Sequence[Inbox]) -> bool:
    """Whether there is something to do for the job, and it is neither at work nor has just failed."""
    last = next(iter(context.instance.get_run_records(dg.RunsFilter(job_name=inbox_job.name), limit=1)), None)
    if last is not None:
        if last.dagster_run.status not in _FINISHED:
            return False
        failed = last.dagster_run.status == dg.DagsterRunStatus.FAILURE
        if failed and time.time() - (last.end_time or 0.0) < _AFTER_FAILURE_S:
            return False
    state.end_settled()
    return bool(
        state.has_unrecorded()
        or _ended_runs(context.instance, state)
        or any(state.has_ready(inbox.key) and _resolving([inbox], context) for inbox in inboxes)
    )


def _resolving(inboxes: Sequence[Inbox], context: dg.SensorEvaluationContext | dg.OpExecutionContext) -> list[Inbox]:
    """The inboxes whose pipelines there are; the log names the others, whose files wait."""
    lab, registry, usable = Lab.from_environment(), ModelRegistry(), []
    for inbox in inboxes:
        try:
            resolve_system(system_of(lab, inbox), registry, lab)
        except LabError as error:
            context.log.error(f"the files of the inbox {inbox.name} wait: {error}")
        else:
            usable.append(inbox)
    return usable


def _ended_runs(instance: dg.DagsterInstance, state: DropState) -> dict[Batch, EndedRun]:
    """Open batches whose runs are over."""
    ended = {}
    for batch in state.open_batches():
        run = _run_of(instance, batch)
        if run is not None and run.status in _FINISHED:
            canceled = run.status == dg.DagsterRunStatus.CANCELED
            ended[batch] = EndedRun(run.run_id, canceled, None if canceled else _error(instance, run))
    return ended


def _run_of(instance: dg.DagsterInstance, batch: Batch) -> dg.DagsterRun | None:
    """The run that was asked for; of those run again from the UI, which have its tags, the first."""
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: batch.key}))
    return runs[-1] if runs else None


def _error(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Dagster's own words about a run that failed; None of one that did not."""
    if run.status != dg.DagsterRunStatus.FAILURE:
        return None
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    return next((event.dagster_event.message for event in events if event.dagster_event), None)


def _said(state: DropState, found: Inboxes) -> str:
    """One line about how things stand."""
    counts = [state.counts(inbox.key) for inbox in found.usable]
    waiting = sum(state.waiting(inbox.key) for inbox in found.usable)
    ready, taken = (sum(each.get(status, 0) for each in counts) for status in ("ready", "registered"))
    return (
        f"{plural(len(found.usable), 'folder')} watched: {plural(waiting, 'file')} may still be written to, "
        f"{ready} ready, {taken} taken and not done"
    )
