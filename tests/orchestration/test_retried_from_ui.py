"""Re-execution from failure in the real UI: of its own runs, and of one of the command line."""

import pytest

from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher
from modellab_dagster.partitions import register_partitions

SYSTEM = "silero_vad:v6+vad.threshold=0.61"


@pytest.fixture
def served(ui, monkeypatch):
    """The UI that all share; this process is in the same lab."""
    monkeypatch.setenv("MODELLAB_HOME", str(ui.lab.home))
    monkeypatch.setenv("MODELLAB_OFFLINE", "true")
    return ui


@pytest.fixture
def nowhere_for_vad(served):
    """While it is asked for, results of vad have no place; then they have again."""
    place, aside = served.lab.artifacts / "vad", served.lab.artifacts.parent / "vad-aside"
    if place.exists():
        place.rename(aside)
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way")

    def clear():
        place.unlink()
        if aside.exists():
            aside.rename(place)

    yield clear
    if place.is_file():
        clear()


def test_only_what_failed_is_done_again_and_recorded_as_another_attempt(served, nowhere_for_vad):
    source, other = served.input("retried_1"), served.input("retried_2")
    with open_instance(served.lab) as instance:
        register_partitions(instance, inputs=[source.key], systems=[SYSTEM])
    tags = {"dagster/partition": f"{source.key}|{SYSTEM}"}
    tags |= {"dagster/partition/input": source.key, "dagster/partition/model": SYSTEM}
    run = served.launch("any_steps", ["ingest", "vad"], tags)
    with Launcher(served.lab) as launcher:
        by_hand = launcher.run(SYSTEM, other).dagster_run_id
    assert [one["status"] for one in served.runs(run, by_hand)] == ["FAILURE"] * 2
    nowhere_for_vad()
    retried = [served.reexecute(one) for one in (run, by_hand)]
    assert [one["status"] for one in served.runs(*retried)] == ["SUCCESS"] * 2, [served.errors(one) for one in retried]
    build(served.lab)
    for before, after in zip((run, by_hand), retried, strict=True):
        wanted = "SELECT status, retry_of, root, launched_by FROM run_history WHERE dagster_run_id IN (?, ?)"
        rows = query(served.lab, f"{wanted} ORDER BY sequence", [before, after]).rows
        asked_by = "command line" if before == by_hand else "ui"
        assert rows == [("failed", None, None, asked_by), ("completed", before, before, "ui")]
        done = query(served.lab, "SELECT step, cached FROM steps WHERE dagster_run_id = ?", [after]).rows
        assert done == [("vad", False)]
