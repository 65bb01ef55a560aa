"""What a person starts from a job's page beside pipelines, launched as the Launchpad does, by a real daemon."""

from types import SimpleNamespace

import pytest

from modellab.experiments.definition import define
from modellab.experiments.sweeping import Asked
from modellab.warehouse.query import query
from modellab_dagster.home import open_instance
from modellab_dagster.partitions import register_partitions

_FORM = """
query($job: PipelineSelector!) {
  runConfigSchemaOrError(selector: $job) { ... on RunConfigSchema { rootDefaultYaml } }
}"""
_ENTRIES = """
query($run: ID!) {
  logsForRun(runId: $run) { ... on EventConnection { events {
    ... on MaterializationEvent { metadataEntries { label ... on IntMetadataEntry { intValue } } }
    ... on ExecutionStepOutputEvent { metadataEntries {
      label ... on IntMetadataEntry { intValue } ... on BoolMetadataEntry { boolValue }
    } }
    ... on AssetCheckEvaluationEvent { evaluation { checkName success description } }
  } } }
}"""
_MEASURED = {"datasets": ["vad_smoke_v1"], "models": ["silero_vad"]}


@pytest.fixture(scope="module")
def launched(ui):
    """Everything is launched at once, on a lab with a run; looked at when all of it has ended."""
    source = ui.input("to_be_judged")
    with open_instance(ui.lab) as instance:
        register_partitions(instance, inputs=[source.key])
    tags = {"dagster/partition": f"{source.key}|ingest"}
    judged = ui.launch(
        "ingest", ["ingest"], {**tags, "dagster/partition/input": source.key, "dagster/partition/model": "ingest"}
    )
    ui.runs(judged)
    define(ui.lab, "from_ui", Asked(_MEASURED["datasets"], ["silero_vad:v6"]))
    forms = {
        "quarantine": ("quarantine_runs", {"runs": [judged], "reason": "a cough"}),
        "audit": ("audit_report", {"runs": [source.key], "quick": True}),
        "prune": ("prune_results", {"older_than": "30d"}),
        "experiment": ("start_experiment", {"name": "from_ui"}),
        "sweep": ("start_sweep", {**_MEASURED, "metric": "sharpness"}),
    }
    ids = {job: ui.launch(job, [], {}, {"ops": {op: {"config": form}}}) for job, (op, form) in forms.items()}
    ended = {run["runId"]: run["status"] for run in ui.runs(*ids.values())}
    return SimpleNamespace(ids=ids, status={job: ended[run] for job, run in ids.items()}, judged=judged)


def _entries(ui, launched, job):
    """The figures of what a job's run materialised or put out, and what its check said."""
    events = ui.ask(_ENTRIES, {"run": launched.ids[job]})["logsForRun"]["events"]
    found = {}
    for event in events:
        if event.get("evaluation"):
            found["check"] = event["evaluation"]
        for entry in event.get("metadataEntries") or ():
            found[entry["label"]] = entry.get("intValue", entry.get("boolValue"))
    return found


def test_what_was_asked_for_is_done_and_can_be_seen(ui, launched):
    wanted = {"quarantine", "audit", "prune", "experiment"}
    assert {job: launched.status[job] for job in wanted} == dict.fromkeys(wanted, "SUCCESS")
    out = query(ui.lab, "SELECT dagster_run_id, quarantined_because FROM quarantined_runs").rows
    assert out == [(launched.judged, "a cough")]
    assert _entries(ui, launched, "quarantine")["runs in quarantine"] == 1
    audited = _entries(ui, launched, "audit")
    assert audited["check"] == {
        "checkName": "nothing_wrong",
        "success": True,
        "description": "1 run, by size and name only: nothing is wrong that was not put right",
    }
    assert _entries(ui, launched, "prune")["bytes"] == 0
    measured = _entries(ui, launched, "experiment")
    assert (measured["complete"], measured["failed"]) == (True, 0)
    assert {run["status"] for run in ui.runs_tagged("modellab/experiment", "from_ui")} == {"SUCCESS"}


def test_a_form_that_cannot_be_followed_fails_with_what_is_wrong_in_it(ui, launched):
    assert launched.status["sweep"] == "FAILURE"
    [error] = ui.errors(launched.ids["sweep"])
    assert "sharpness" in error


def test_the_launchpad_opens_with_the_form(ui):
    selector = {"repositoryLocationName": "modellab", "repositoryName": "__repository__", "pipelineName": "prune"}
    form = ui.ask(_FORM, {"job": selector})["runConfigSchemaOrError"]["rootDefaultYaml"]
    for line in ("delete: false", "keep: []", "larger_than: ''", "older_than: ''", "statuses: []"):
        assert line in form
