import os
from datetime import UTC, datetime

import dagster as dg

from modellab.settings import Lab
from modellab_dagster.definitions import defs
from modellab_dagster.schedules import nightly_housekeeping


def test_the_nightly_run_clears_what_killed_processes_left_and_builds_the_database(lab: Lab) -> None:
    folders = [lab.artifacts / ".staging" / "killed", lab.inputs / ".staging" / "killed"]
    for folder in folders:
        folder.mkdir(parents=True)
        os.utime(folder, (0, 0))
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance, scheduled_execution_time=datetime(2026, 1, 1, 3, tzinfo=UTC))
        requests = nightly_housekeeping.evaluate_tick(context).run_requests
        assert requests is not None
        assert len(requests) == 1
        result = defs.resolve_job_def("housekeeping").execute_in_process(instance=instance)
        [materialization] = result.asset_materializations_for_node("warehouse")
        [stock] = result.asset_materializations_for_node("arsenal")
    assert result.success
    assert (stock.metadata["models scored"].value, stock.metadata["datasets measured"].value) == (0, 0)
    assert "no system has enough evidence for live_caption_vad" in str(stock.metadata["not verified"].value)
    assert "The regression gate has judged nothing yet." in (lab.home / "arsenal.html").read_text()
    assert materialization.metadata["half_written_folders_removed"].value == 2
    assert "| runs | 0 |" in str(materialization.metadata["rows"].value)
    assert [folder.exists() for folder in folders] == [False, False]
    assert lab.database.is_file()


def test_the_night_is_the_labs(lab: Lab) -> None:
    assert nightly_housekeeping.execution_timezone == lab.timezone
