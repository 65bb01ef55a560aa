"""Who or what asked for a Dagster run, from its tags and its events."""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg

from modellab.pipeline.record import Launch, LaunchedBy
from modellab.processes import here
from resources.tags import (
    AUTO_MATERIALIZE_TAG,
    AUTOMATION_CONDITION_TAG,
    BACKFILL_ID_TAG,
    PARENT_RUN_ID_TAG,
    PLACE_TAG,
    PROCESS_TAG,
    ROOT_RUN_ID_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
)


def launch_of(run: dg.DagsterRun, instance: dg.DagsterInstance) -> Launch:
    """Who asked for a run that begins now, in this process."""
    now = datetime.now(UTC)
    # A run that the queue or a launcher took has an event of that; its row has whole seconds only.
    first = next(iter(instance.get_records_for_run(run.run_id, limit=1, ascending=True).records), None)
    created = datetime.fromtimestamp(first.event_log_entry.timestamp, UTC) if first else now
    by, launcher = _asked_by(run)
    return Launch(by, launcher, _text(min(created, now)), _text(now), run.parent_run_id, run.root_run_id)


def own_process(run: dg.DagsterRun) -> str | None:
    """Name of the `ProcessMark` of the process that does a run by itself; None of one that Dagster's daemon starts.

    A run that is run again from the UI has the tags of the one before, the name of that one's process among them.
    """
    mark, _, run_id = run.tags.get(PROCESS_TAG, "").partition(":")
    is_its_own = run_id == run.run_id if run_id else PARENT_RUN_ID_TAG not in run.tags
    return mark or None if is_its_own else None


def process_tag(mark: str, run_id: str) -> dict[str, str]:
    """The tag that says so."""
    return {PROCESS_TAG: f"{mark}:{run_id}"}


def place_of(run: dg.DagsterRun) -> str | None:
    """Where the process of a run is that the daemon had started, as `modellab.processes.here` says it, if it is known.

    A run that is run again has the tags of the one before.
    """
    run_id, _, place = run.tags.get(PLACE_TAG, "").partition(" ")
    return place if run_id == run.run_id else None


def place_tag(run_id: str) -> dict[str, str]:
    """The tag that says that it is where this process is."""
    return {PLACE_TAG: f"{run_id} {here()}"}


def root_of(run: dg.DagsterRun) -> str:
    """The first of the attempts that a run belongs to."""
    return run.root_run_id or run.run_id


def retry_tags(before: dg.DagsterRun) -> dict[str, str]:
    """The tags of another attempt at a run, by which the UI shows them together."""
    return {PARENT_RUN_ID_TAG: before.run_id, ROOT_RUN_ID_TAG: root_of(before)}


def _asked_by(run: dg.DagsterRun) -> tuple[LaunchedBy, str | None]:
    tags = run.tags
    if own_process(run):
        return "command line", None
    # A run that is run again has the tags of the one before.
    if PARENT_RUN_ID_TAG in tags:
        return "ui", None
    launchers: Mapping[str, LaunchedBy] = {
        BACKFILL_ID_TAG: "backfill",
        SCHEDULE_NAME_TAG: "schedule",
        SENSOR_NAME_TAG: "sensor",
    }
    for tag, by in launchers.items():
        if tag in tags:
            return by, tags[tag]
    if AUTO_MATERIALIZE_TAG in tags or AUTOMATION_CONDITION_TAG in tags:
        return "automation", None
    return "ui", None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
