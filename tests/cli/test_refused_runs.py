"""Runs that could not be begun are shown like any other: what was asked for, and why it was refused."""

import json

import pytest

from modellab.settings import Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder

INPUT = "0123456789abcdef"


@pytest.mark.parametrize(
    ("source", "system", "file", "shown"),
    [(INPUT, "meting", f"input {INPUT}", "meting"), ("", "", "none was named", "none was named")],
)
def test_a_refused_run_shows_what_was_asked_for_and_why_it_was_refused(call, home, source, system, file, shown):
    lab = Lab(Settings(_env_file=None, home=home))
    dagster_run = f"run-of-{system or 'none'}"
    Recorder(lab).run_refused(dagster_run, "there is no such thing", source, system)
    build(lab)
    code, out, _ = call("runs", "show", dagster_run)
    assert code == 0
    lines = out.splitlines()
    assert f"File          {file}" in lines
    assert f"System        {shown}" in lines
    assert lines[-1] == "✗ there is no such thing"
    listed = json.loads(call("runs", "list", "--json")[1])["runs"]
    assert [(run["input"], run["system"], run["status"]) for run in listed if run["dagster_run_id"] == dagster_run] == [
        (source, system, "failed")
    ]
