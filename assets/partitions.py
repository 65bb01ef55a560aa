"""The one partitions definition of every step asset: input x model."""

from typing import cast

import dagster as dg

from modellab.inputs.store import InputStore
from modellab.settings import Lab
from resources.tags import PARTITION_TAG

INPUT_DIMENSION = "input"
MODEL_DIMENSION = "model"

INPUTS = dg.DynamicPartitionsDefinition(name=INPUT_DIMENSION)
"""Keys of registered inputs."""
SYSTEMS = dg.DynamicPartitionsDefinition(name=MODEL_DIMENSION)
"""Keys of systems: templates, templates with overrides, and models on their own."""

PARTITIONS = dg.MultiPartitionsDefinition({INPUT_DIMENSION: INPUTS, MODEL_DIMENSION: SYSTEMS})
"""Shared by all steps: a run can't mix partitions definitions, and with one a whole pipeline is one run."""

MOST_CHECKED = 500
"""Recordings of a lab up to which Dagster keeps what checks say for each partition.

For a page that shows an asset, Dagster adds up the partitions of each of its checks one by one, each time, and copies
what it has for each (`_process_partition_records` in Dagster 1.13): with 20,000 partitions that takes minutes. The
lab's own records have all that checks say, of any number.
"""


def partitions_of_checks(recordings: int) -> dg.MultiPartitionsDefinition | None:
    """What checks are kept for in a lab with so many recordings: each partition, or, where it is None, each run."""
    return PARTITIONS if recordings <= MOST_CHECKED else None


CHECK_PARTITIONS = partitions_of_checks(InputStore(Lab.from_environment()).count())
"""As it was when this process loaded the assets."""


def partition_key(input_key: str, system_key: str) -> dg.MultiPartitionKey:
    """The partition of one input under one system."""
    return dg.MultiPartitionKey({INPUT_DIMENSION: input_key, MODEL_DIMENSION: system_key})


def input_and_system(key: str) -> tuple[str, str]:
    """The input's and the system's key of one of these partitions, as a run context gives it."""
    dimensions = cast("dg.MultiPartitionKey", key).keys_by_dimension
    return dimensions[INPUT_DIMENSION], dimensions[MODEL_DIMENSION]


def dimension_tags(key: str) -> dict[str, str]:
    """The tags that Dagster gives a materialisation of one of these partitions, by which it finds a dimension's."""
    tags = PARTITIONS.get_tags_for_partition_key(key)
    return {name: value for name, value in tags.items() if name != PARTITION_TAG}
