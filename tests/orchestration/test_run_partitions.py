"""Which partitions a run is for, whatever its tags look like."""

import dagster as dg
import pytest

from assets.partitions import partition_key
from assets.run_partitions import dagster_agrees, partitions_of_run
from modellab.errors import UsageError

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
WHOLE, INPUT, MODEL = "dagster/partition", "dagster/partition/input", "dagster/partition/model"


@pytest.fixture(scope="module")
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("input", ["c", "a", "b"])
        instance.add_dynamic_partitions("model", ["y", "x"])
        yield instance


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({WHOLE: "a|x", INPUT: "a", MODEL: "x"}, ["a|x"]),
        ({INPUT: "a", MODEL: "x"}, ["a|x"]),
        ({WHOLE: "a|x"}, ["a|x"]),
        ({WHOLE: "a|x", MODEL: "x"}, ["a|x"]),
        ({WHOLE: "gone|nope"}, ["gone|nope"]),
        # The order is that of registration: c, a, b and y, x.
        ({START: "c|y", END: "a|x"}, ["a|x", "a|y", "c|x", "c|y"]),
        ({START: "a|x", END: "a|x"}, ["a|x"]),
        ({START: "a|nope", END: "b|nope"}, ["a|nope", "b|nope"]),
        # What a backfill from a job's page gives: the range of the run, the dimensions of the backfill's first.
        ({START: "a|x", END: "b|x", INPUT: "c", MODEL: "y"}, ["a|x", "b|x"]),
        ({START: "b|x", END: "b|x", INPUT: "c", MODEL: "y"}, ["b|x"]),
    ],
)
def test_a_run_is_for(instance, tags, expected):
    found = partitions_of_run(tags, instance)
    assert sorted(found) == expected
    assert all(isinstance(key, dg.MultiPartitionKey) for key in found)


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ({}, "an input and a system"),
        ({INPUT: "a"}, "an input and a system"),
        ({WHOLE: "a"}, "partitions of the form INPUT|SYSTEM"),
        ({WHOLE: "a|"}, "partitions of the form INPUT|SYSTEM"),
        ({WHOLE: "a|x|z"}, "partitions of the form INPUT|SYSTEM"),
        ({WHOLE: "a|x", INPUT: "b", MODEL: "x"}, "tags that name the same partition"),
        ({WHOLE: "a|x", MODEL: "y"}, "tags that name the same partition"),
        ({WHOLE: "a|x", "dagster/partition/date": "2026-01-01"}, "tags that name the same partition"),
        ({START: "a|x"}, "both ends of the range"),
        ({START: "a|x", END: "gone|x"}, "keys that Dagster knows, not gone"),
        ({START: "gone|x", END: "lost|x"}, "keys that Dagster knows, not gone and lost"),
        ({START: "b|x", END: "c|x"}, "a range in Dagster's order, in which c comes before b"),
    ],
)
def test_tags_that_cant_be_settled_are_refused(instance, tags, allowed):
    with pytest.raises(UsageError) as refused:
        partitions_of_run(tags, instance)
    assert refused.value.allowed == allowed
    assert all(f"{name}={value}" in refused.value.found for name, value in tags.items())


@pytest.mark.parametrize(
    ("tags", "agrees"),
    [({INPUT: "a", MODEL: "x"}, True), ({INPUT: "b", MODEL: "x"}, False), ({WHOLE: "a|x"}, False), ({}, False)],
)
def test_dagster_records_in_its_own_way_only_what_it_takes_the_run_to_be_for(tags, agrees):
    assert dagster_agrees(tags, partition_key("a", "x")) is agrees
