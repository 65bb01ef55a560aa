import dagster as dg

from modellab_dagster.home import open_instance


def test_what_the_kept_event_log_wrote_the_stock_one_reads_while_it_is_open(toy):
    source = toy.input("a")
    runs = [toy.run([source], ["whole"]).run_id for _ in range(6)]
    storage = toy.instance.event_log_storage
    assert type(storage).__name__ == "KeptSqliteEventLogStorage"
    assert len(storage._engines) <= 4
    asked = [storage.has_table(name) for name in ("asset_check_executions", "asset_check_executions", "no_such_table")]
    assert asked == [True, True, False]
    with open_instance(toy.lab) as stock:
        assert type(stock.event_log_storage).__name__ == "SqliteEventLogStorage"
        for run in runs:
            events = [entry.dagster_event_type for entry in stock.all_logs(run) if entry.is_dagster_event]
            assert events.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 4
            assert events[-1] == dg.DagsterEventType.RUN_SUCCESS
            assert stock.get_run_by_id(run).status == dg.DagsterRunStatus.SUCCESS
        stock.report_runless_asset_event(dg.AssetMaterialization("third", partition="other"))
    assert "other" in toy.materialized("third")
