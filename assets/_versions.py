"""Versions of materialisations that a step records one by one.

Dagster gives them to those it records itself, and tells from them what is out of date: the code, or a result read since
made anew. The same tags, then.
"""

from collections.abc import Iterable, Mapping

import dagster as dg

from assets._dagster_internals import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    CheckTarget,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from assets.partitions import dimension_tags


class Versions:
    """The versions of everything a step reads, looked up once for all partitions it works on."""

    def __init__(self, context: dg.AssetExecutionContext, keys: Iterable[str]) -> None:
        partitions = set(keys)
        event = dg.DagsterEventType.ASSET_MATERIALIZATION
        storage = context.instance.event_log_storage
        self._code_version = context.assets_def.code_versions_by_key[context.asset_key] or ""
        self._pointers: dict[dg.AssetKey, Mapping[str, int]] = {}
        self._versions: dict[dg.AssetKey, Mapping[str, Mapping[str, str]]] = {}
        for key in context.assets_def.asset_deps[context.asset_key]:
            self._pointers[key] = storage.get_latest_storage_id_by_partition(key, event, partitions)
            self._versions[key] = storage.get_latest_tags_by_partition(key, event, [DATA_VERSION_TAG], [*partitions])

    def tags(self, partition: str, data_version: str) -> dict[str, str]:
        """The tags of a partition's materialisation."""
        tags = {
            **dimension_tags(partition),
            CODE_VERSION_TAG: self._code_version,
            DATA_VERSION_TAG: data_version,
            DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        }
        for key, pointers in self._pointers.items():
            version = self._versions[key].get(partition, {}).get(DATA_VERSION_TAG, DEFAULT_DATA_VERSION.value)
            tags[get_input_data_version_tag(key)] = version
            tags[get_input_event_pointer_tag(key)] = str(pointers.get(partition, NULL_EVENT_POINTER))
        return tags


def newest_materialization(context: dg.AssetExecutionContext, partition: str) -> CheckTarget | None:
    """What the checks of a partition are about."""
    wanted = dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=[partition])
    for record in context.instance.fetch_materializations(wanted, limit=1).records:
        return CheckTarget(storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp)
    return None
