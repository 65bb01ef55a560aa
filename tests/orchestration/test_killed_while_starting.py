"""A run that is killed with the UI, daemon and code server while it is being started, under the real ones."""

import time

from .served import ServedUi

_LONGEST_S = 240.0
"""Dagster itself would wait for five minutes."""


def test_it_is_ended_by_the_next_daemon_and_not_by_dagsters_timeout(tmp_path):
    home = tmp_path / "home"
    ui = ServedUi.start(home, tmp_path)
    try:
        source = ui.input("noise")
        tags = {"dagster/partition": f"{source.key}|ingest"}
        tags |= {"dagster/partition/input": source.key, "dagster/partition/model": "ingest"}
        run = ui.launch("ingest", ["ingest"], tags)
        while (status := ui.status(run)) == "QUEUED":
            time.sleep(0.01)
        assert status == "STARTING"
    finally:
        ui.kill()
    ui = ServedUi.start(home, tmp_path)
    try:
        end = time.monotonic() + _LONGEST_S
        while ui.status(run) == "STARTING":
            assert time.monotonic() < end, "it still waits"
            time.sleep(0.3)
        assert ui.status(run) == "FAILURE"
        said = [event.get("message") or "" for event in ui.log(run)]
        assert any("Interrupted: the process that ran it was killed" in message for message in said)
    finally:
        ui.stop()
