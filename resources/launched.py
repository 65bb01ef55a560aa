"""Who or what asked for a Dagster run, from its tags and its events."""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg

from modellab.pipeline.record import Launch, LaunchedBy
from resources.tags import (
    AUTO_MATERIALIZE_TAG,
    AUTOMATION_CONDITION_TAG,
    BACKFILL_ID_TAG,
    PARENT_RUN_ID_TAG,
    PROCESS_TAG,
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
    return Launch(by, launcher, _text(min(created, now)), _text(now))


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
