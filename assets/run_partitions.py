"""Which partitions a run is for, from its tags.

Not `context.partition_keys`: a backfill launched from a job's page gives each of its runs a range of its own, and
beside it the dimension tags of the backfill's first partition (dagster-io/dagster#28861). Dagster believes the latter.
"""

from collections.abc import Mapping

import dagster as dg

from assets.partitions import INPUT_DIMENSION, INPUTS, MODEL_DIMENSION, SYSTEMS, partition_key
from modellab.errors import UsageError
from resources.tags import DIMENSION_TAG_PREFIX, PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG

_RANGE = (RANGE_START_TAG, RANGE_END_TAG)
_HINT = "Launch it again from a job's or an asset's page."
Pair = tuple[str, str]
"""Keys of an input and a system."""


def partitions_of_run(tags: Mapping[str, str], instance: dg.DagsterInstance) -> list[dg.MultiPartitionKey]:
    """The partitions that a run's tags ask for: those of the range if there is one, else the single one.

    A single partition is taken as it is, registered or not: what is unknown about it is for the engine to say.

    Raises:
        UsageError: the tags name none, contradict each other, or name a range that can't be told.
    """
    start, end = (tags.get(name) for name in _RANGE)
    if start or end:
        if not (start and end):
            raise _unclear(tags, "both ends of the range")
        return _rectangle(_pair(start, tags), _pair(end, tags), tags, instance)
    return [partition_key(*_single(tags))]


def dagster_agrees(tags: Mapping[str, str], key: dg.MultiPartitionKey) -> bool:
    """Whether Dagster itself takes a run to be for just this partition, and would record it as that."""
    return all(tags.get(f"{DIMENSION_TAG_PREFIX}{name}") == value for name, value in key.keys_by_dimension.items())


def _single(tags: Mapping[str, str]) -> Pair:
    dimensions = {
        name.removeprefix(DIMENSION_TAG_PREFIX): value
        for name, value in tags.items()
        if name.startswith(DIMENSION_TAG_PREFIX) and value
    }
    by_dimension = None
    if dimensions.keys() == {INPUT_DIMENSION, MODEL_DIMENSION}:
        by_dimension = dimensions[INPUT_DIMENSION], dimensions[MODEL_DIMENSION]
    if not tags.get(PARTITION_TAG):
        if by_dimension is None:
            raise _unclear(tags, "an input and a system")
        return by_dimension
    whole = _pair(tags[PARTITION_TAG], tags)
    named = dict(zip((INPUT_DIMENSION, MODEL_DIMENSION), whole, strict=True))
    if not dimensions.items() <= named.items():
        raise _unclear(tags, "tags that name the same partition")
    return whole


def _rectangle(
    first: Pair, last: Pair, tags: Mapping[str, str], instance: dg.DagsterInstance
) -> list[dg.MultiPartitionKey]:
    inputs, systems = (
        _between(definition, start, end, tags, instance)
        for definition, start, end in zip((INPUTS, SYSTEMS), first, last, strict=True)
    )
    return [partition_key(source, system) for source in inputs for system in systems]


def _between(
    definition: dg.DynamicPartitionsDefinition,
    start: str,
    end: str,
    tags: Mapping[str, str],
    instance: dg.DagsterInstance,
) -> list[str]:
    if start == end:
        return [start]
    known = list(instance.get_dynamic_partitions(definition.name or ""))
    if unknown := [key for key in (start, end) if key not in known]:
        raise _unclear(tags, f"keys that Dagster knows, not {' and '.join(unknown)}")
    between = known[known.index(start) : known.index(end) + 1]
    if not between:
        raise _unclear(tags, f"a range in Dagster's order, in which {end} comes before {start}")
    return between


def _pair(key: str, tags: Mapping[str, str]) -> Pair:
    source, separator, system = key.partition("|")
    if not (source and separator and system) or "|" in system:
        raise _unclear(tags, "partitions of the form INPUT|SYSTEM")
    return source, system


def _unclear(tags: Mapping[str, str], allowed: str) -> UsageError:
    found = [f"{name}={value}" for name, value in sorted(tags.items()) if name == PARTITION_TAG or name in _RANGE]
    found += [f"{name}={value}" for name, value in sorted(tags.items()) if name.startswith(DIMENSION_TAG_PREFIX)]
    return UsageError(
        "the run's tags don't say which partitions it is for",
        found=", ".join(found) or "no partition tags",
        allowed=allowed,
        hint=_HINT,
    )
