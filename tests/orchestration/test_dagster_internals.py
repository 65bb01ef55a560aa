"""What Model Lab takes from Dagster's inside: what each name means, should an upgrade change it."""

import importlib.util
import inspect
import sys

import dagster as dg
import pytest
from dagster._core.storage import tags

from assets import _dagster_internals as in_assets
from assets.partitions import partition_key
from modellab.settings import PROJECT_ROOT
from modellab_dagster import _dagster_internals as in_code_location
from modellab_dagster.home import open_instance, prepare_home
from resources import tags as ours


def test_private_names_come_through_one_module_in_each_package():
    spec = importlib.util.spec_from_file_location("rooms", PROJECT_ROOT / "tools" / "rooms.py")
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)
    private = {
        one.importer
        for one in tool.imports()
        if one.imported.startswith("dagster") and any(part.startswith("_") for part in one.imported.split("."))
    }
    assert private == {"assets._dagster_internals", "modellab_dagster._dagster_internals"}


_OTHERWISE_NAMED = {
    "PARTITION_TAG": "PARTITION_NAME_TAG",
    "DIMENSION_TAG_PREFIX": "MULTIDIMENSIONAL_PARTITION_PREFIX",
    "RANGE_START_TAG": "ASSET_PARTITION_RANGE_START_TAG",
    "RANGE_END_TAG": "ASSET_PARTITION_RANGE_END_TAG",
    "DEFER_TAG": "EXTERNALLY_MANAGED_ASSETS_TAG",
}


@pytest.mark.parametrize("name", [name for name, tag in vars(ours).items() if str(tag).startswith("dagster/")])
def test_runs_are_tagged_by_dagster_as_model_lab_reads_it(name):
    assert getattr(ours, name) == getattr(tags, _OTHERWISE_NAMED.get(name, name))


def test_an_output_marked_as_observed_materialises_nothing_and_lets_the_next_step_start():
    started = []

    @dg.multi_asset(specs=[dg.AssetSpec("quiet", skippable=True)])
    def quiet():
        yield dg.Output(None, output_name="quiet", metadata={in_assets.OBSERVED: True})

    @dg.asset(deps=["quiet"])
    def after():
        started.append("after")

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([quiet, after], instance=instance).success
        assert started == ["after"]
        assert instance.get_latest_materialization_event(dg.AssetKey("quiet")) is None


def test_a_partition_that_was_planned_by_name_reads_as_failed_when_its_run_fails(toy):
    """`plan_partition`: Dagster is told of one partition, the run's configuration names another beside it."""
    good, bad = toy.input("good"), toy.input("bad-first")
    toy.run_selection([good.key, bad.key], ["short"])
    assert toy.failed("first") == {partition_key(bad.key, "short")}
    assert toy.materialized("first") == {partition_key(good.key, "short")}


def test_versions_are_tagged_as_dagster_tags_those_it_records_itself():
    @dg.asset(code_version="7")
    def source():
        return dg.MaterializeResult(data_version=dg.DataVersion("one"))

    @dg.asset(code_version="8", deps=[source])
    def reader():
        return dg.MaterializeResult(data_version=dg.DataVersion("two"))

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([source, reader], instance=instance).success
        event = instance.get_latest_materialization_event(dg.AssetKey("reader"))
        pointer = instance.get_asset_records([dg.AssetKey("source")])[0].asset_entry.last_materialization_record
        found = event.asset_materialization.tags
    key = dg.AssetKey("source")
    expected = {
        in_assets.CODE_VERSION_TAG: "8",
        in_assets.DATA_VERSION_TAG: "two",
        in_assets.DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        in_assets.get_input_data_version_tag(key): "one",
        in_assets.get_input_event_pointer_tag(key): str(pointer.storage_id),
    }
    assert {name: value for name, value in found.items() if name in expected} == expected


def test_a_source_that_was_never_made_has_the_version_and_pointer_that_dagster_gives_it():
    @dg.asset(deps=[dg.AssetKey("never")])
    def reader():
        return dg.MaterializeResult(data_version=dg.DataVersion("two"))

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([reader, dg.AssetSpec("never")], instance=instance).success
        found = instance.get_latest_materialization_event(dg.AssetKey("reader")).asset_materialization.tags
    key = dg.AssetKey("never")
    assert found[in_assets.get_input_data_version_tag(key)] == in_assets.DEFAULT_DATA_VERSION.value
    assert found[in_assets.get_input_event_pointer_tag(key)] == in_assets.NULL_EVENT_POINTER


def test_what_a_check_is_about_has_the_fields_that_model_lab_fills():
    assert list(inspect.signature(in_assets.CheckTarget).parameters) == ["storage_id", "run_id", "timestamp"]


def test_a_run_made_here_executes_here_and_a_signal_is_told_from_a_failure():
    @dg.op
    def does_nothing():
        pass

    @dg.job(executor_def=dg.in_process_executor)
    def nothing():
        does_nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        origin = in_code_location.RemoteJobOrigin(
            in_code_location.RemoteRepositoryOrigin(
                in_code_location.RegisteredCodeLocationOrigin("modellab"), "__repository__"
            ),
            "nothing",
        )
        run = instance.create_run_for_job(nothing, remote_job_origin=origin)
        result = in_code_location.execute_run(in_code_location.InMemoryJob(nothing), run, instance)
        assert (result.success, result.run_id) == (True, run.run_id)
        assert instance.get_run_by_id(run.run_id).remote_job_origin == origin
    assert in_code_location.INTERRUPTED.value == "UNEXPECTED_TERMINATION"


def test_the_instance_takes_other_classes_than_its_settings_name(lab):
    prepare_home(lab)
    reference = in_code_location.InstanceRef.from_dir(str(lab.dagster_home))
    assert reference.storage_data.class_name == in_code_location.DagsterSqliteStorage.__name__
    assert reference.storage_data.config_dict == {"base_dir": str(lab.dagster_home)}
    with open_instance(lab, runs_here=True) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, in_code_location.SqliteEventLogStorage)
        assert type(storage).__module__ == "modellab_dagster.storage"
        assert isinstance(instance.compute_log_manager, in_code_location.NoOpComputeLogManager)
        assert instance.run_storage.get_runs_count() == 0
        # What the kept one leaves to the stock one, or puts in place of it.
        for name in ("_connect", "_initdb", "_db_lock", "_initialized_dbs", "conn_string_for_shard", "dispose"):
            assert hasattr(in_code_location.SqliteEventLogStorage, name) or hasattr(storage, name)
    assert in_code_location.SQLITE_BUSY_TIMEOUT_SECONDS > 0
