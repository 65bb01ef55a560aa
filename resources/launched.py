"""Who or what asked for a Dagster run, from its tags and its events."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import dagster as dg

from modellab.pipeline.record import Launch, LaunchedBy

PARENT_RUN_ID_TAG = "dagster/parent_run_id"
BACKFILL_ID_TAG = "dagster/backfill"
SCHEDULE_NAME_TAG = "dagster/schedule_name"
SENSOR_NAME_TAG = "dagster/sensor_name"
AUTO_MATERIALIZE_TAG = "dagster/auto_materialize"
AUTOMATION_CONDITION_TAG = "dagster/from_automation_condition"
"""Tags that Dagster gives runs, as its documentation and UI name them."""

PROCESS_TAG = "modellab/process"
"""Run tag: the `ProcessMark` of a process that runs pipelines by itself, as the command line does."""

FILE_TAG = "modellab/file"
"""Run tag: the names of the files that a run is for."""
_NAMED_FILES, _TAG_LENGTH = 5, 200


def file_tag(names: Iterable[str]) -> str:
    """The value of that tag: the first names, and how many more there are."""
    distinct = sorted(set(names))
    named = ", ".join(distinct[:_NAMED_FILES])
    short = named if len(named) <= _TAG_LENGTH else f"{named[: _TAG_LENGTH - 1]}…"
    more = len(distinct) - _NAMED_FILES
    return f"{short} and {more} more" if more > 0 else short


def launch_of(run: dg.DagsterRun, instance: dg.DagsterInstance) -> Launch:
    """Who asked for a run that begins now, in this process."""
    now = datetime.now(UTC)
    # A run that the queue or a launcher took has an event of that; its row has whole seconds only.
    first = next(iter(instance.get_records_for_run(run.run_id, limit=1, ascending=True).records), None)
    created = datetime.fromtimestamp(first.event_log_entry.timestamp, UTC) if first else now
    by, launcher = _asked_by(run.tags)
    return Launch(by, launcher, _text(min(created, now)), _text(now))


def _asked_by(tags: Mapping[str, str]) -> tuple[LaunchedBy, str | None]:
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
    return ("command line" if PROCESS_TAG in tags else "ui"), None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
