"""Tags of runs: Model Lab's own, and those of Dagster's that it reads or sets, as Dagster documents them."""

from collections.abc import Iterable

PROCESS_TAG = "modellab/process"
"""The `ProcessMark` of a process that runs pipelines by itself, as the command line does, and the run that this is
said of: `resources.launched`."""
PLACE_TAG = "modellab/place"
"""Where the process of a run is that the daemon had started, and of which run this is said: `resources.launched`."""
FORCE_TAG = "modellab/force"
"""`true` makes the steps run although their results are there."""
EXPERIMENT_TAG = "modellab/experiment"
"""The experiment that a run belongs to."""
FILE_TAG = "modellab/file"
"""The names of the files that a run is for."""

PARTITION_TAG = "dagster/partition"
DIMENSION_TAG_PREFIX = "dagster/partition/"
"""Before the name of a dimension; the value is its key in the run's partition."""
RANGE_START_TAG, RANGE_END_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
DEFER_TAG = "dagster/defer_asset_events"
"""`true` has Dagster record of a run's assets only what its steps say themselves, and plan nothing beforehand."""

PARENT_RUN_ID_TAG = "dagster/parent_run_id"
ROOT_RUN_ID_TAG = "dagster/root_run_id"
BACKFILL_ID_TAG = "dagster/backfill"
SCHEDULE_NAME_TAG = "dagster/schedule_name"
SENSOR_NAME_TAG = "dagster/sensor_name"
RUN_KEY_TAG = "dagster/run_key"
"""What a sensor called the run it asked for; it gets one run for it."""
PRIORITY_TAG = "dagster/priority"
AUTO_MATERIALIZE_TAG = "dagster/auto_materialize"
AUTOMATION_CONDITION_TAG = "dagster/from_automation_condition"

_NAMED_FILES, _TAG_LENGTH = 5, 200


def file_tag(names: Iterable[str]) -> str:
    """The value of `FILE_TAG`: the first names, and how many more there are."""
    distinct = sorted(set(names))
    named = ", ".join(distinct[:_NAMED_FILES])
    short = named if len(named) <= _TAG_LENGTH else f"{named[: _TAG_LENGTH - 1]}…"
    more = len(distinct) - _NAMED_FILES
    return f"{short} and {more} more" if more > 0 else short
