"""Jobs by which a person decides, and the audit as an asset: what their pages say, and what becomes of the lab."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import pytest

from modellab.artifacts.store import Artifact
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.decisions import DECISION_JOBS
from modellab_dagster.definitions import defs

OPS = {
    "quarantine": "quarantine_runs",
    "release": "release_runs",
    "prune": "prune_results",
    "promote": "promote_system",
    "demote": "demote_system",
    "audit": "audit_report",
}
Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def made(lab: Lab, runs: Any) -> dict[str, Artifact]:
    """Two runs with a transcript each, of one recording."""
    runs.run("b", words="other words", days_ago=40, status="failed")
    made: dict[str, Artifact] = runs.run("a", words="hello there")
    build(lab)
    return made


@pytest.fixture
def run() -> Run:
    """Runs a job with some fields of its form filled in."""

    def run(job: str, **fields: Any) -> dg.ExecuteInProcessResult:
        config = {"ops": {OPS[job]: {"config": fields}}}
        with dg.DagsterInstance.ephemeral() as instance:
            definition = defs.resolve_job_def(job)
            return definition.execute_in_process(run_config=config, instance=instance, raise_on_error=False)

    return run


def page(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    """What the one asset that it made says."""
    [event] = [one for one in result.all_events if one.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION]
    return {name: one.value for name, one in event.step_materialization_data.materialization.metadata.items()}


def output(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    [event] = [one for one in result.all_events if one.event_type == dg.DagsterEventType.STEP_OUTPUT]
    return {name: one.value for name, one in event.step_output_data.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    [event] = [one for one in result.all_events if one.is_step_failure]
    return str(event.step_failure_data.error.message).strip().partition("Failure: ")[2]


def quarantined(lab: Lab) -> list[tuple[Any, ...]]:
    return query(lab, "SELECT run[1:1], quarantined_because, steps FROM quarantined_runs ORDER BY ALL").rows


def test_runs_go_into_quarantine_and_back_and_the_page_says_which_are_there(
    lab: Lab, made: dict[str, Artifact], run: Run
) -> None:
    done = run("quarantine", runs=["a-attempt"], reason="wrong weights")
    assert done.success, failure(done)
    assert quarantined(lab) == [("a", "wrong weights", ["asr", "ingest"])]
    found = page(done)
    assert (found["why"], found["runs in quarantine"]) == ("wrong weights", 1)
    [row] = found["in quarantine now"].splitlines()[2:]
    assert row.startswith("| aaaaaaaaaaaaaaaa | talk.wav | fast_asr_only | asr, ingest | 20")
    assert row.endswith(" | wrong weights |")
    [row] = found["quarantined"].splitlines()[2:]
    # It found the ingest of the other run, and made the transcript.
    assert row.endswith("| fast_asr_only | asr, ingest | 1 | bbbbbbbbbbbbbbbb/b-attempt |")
    back = page(run("release", runs=["a-attempt"], reason="they were right"))
    assert (back["runs in quarantine"], quarantined(lab)) == (0, [])
    assert "is not in quarantine" in failure(run("release", runs=["a-attempt"], reason="again"))


def test_none_is_decided_about_where_one_is_mistyped_or_the_form_is_not_filled_in(
    lab: Lab, made: dict[str, Artifact], run: Run
) -> None:
    assert "no run" in failure(run("quarantine", runs=["a-attempt", "zzzz"], reason="why"))
    assert "a decision is made for a reason" in failure(run("quarantine", runs=["a-attempt"], reason=" "))
    assert failure(run("release", runs=[], reason="why")) == (
        "nothing says which runs are meant; found runs: []; allowed: runs: [3f9c, standup.wav]."
    )
    assert "step of that run 'asrr'" in failure(run("quarantine", runs=["a-attempt"], reason="why", steps=["asrr"]))
    assert quarantined(lab) == []


def test_pruning_says_what_would_go_and_deletes_only_when_told(
    lab: Lab, made: dict[str, Artifact], runs: Any, run: Run
) -> None:
    places = set(runs.store.places())
    said = output(run("prune", statuses=["failed"], older_than="30d"))
    assert (said["runs"], said["results"], set(runs.store.places())) == (1, 1, places)
    [row] = said["results that would go"].splitlines()[2:]
    assert row.startswith("| asr | 1 | ")
    [row] = said["runs whose results would go"].splitlines()[2:]
    assert row.startswith("| bbbbbbbbbbbbbbbb | ") and "| failed | talk.wav | fast_asr_only |" in row
    [row] = said["results of these that stay"].splitlines()[2:]
    assert row.startswith("| another run uses it | 1 | ")
    done = run("prune", statuses=["failed"], older_than="30d", delete=True)
    assert done.success and output(done)["bytes"] == said["bytes"]
    [gone] = places - set(runs.store.places())
    assert gone.parent.parent.name == "asr" and gone != made["asr"].path
    assert query(lab, "SELECT count(*) FROM pruned").rows == [(1,)]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "nothing says which runs are to be pruned; allowed: older_than: 30d"),
        ({"keep": ["asr"]}, "nothing says which runs are to be pruned"),
        ({"older_than": "a while"}, "older_than wants a span of time; found 'a while'; allowed: 30m, 12h, 30d, 2w"),
        ({"larger_than": "big"}, "larger_than wants a size"),
        ({"statuses": ["failing"]}, "there is no status 'failing'"),
    ],
)
def test_a_condition_that_cannot_be_met_is_named_as_in_the_form(
    lab: Lab, made: dict[str, Artifact], run: Run, form: dict[str, Any], said: str
) -> None:
    assert said in failure(run("prune", **form, delete=True))


def test_a_promotion_and_its_end_are_decisions_with_a_page(lab: Lab, made: dict[str, Artifact], run: Run) -> None:
    chosen = {"system": "silero_vad:v6", "use_case": "live_caption_vad"}
    refused = failure(run("promote", **chosen))
    assert "silero_vad:v6 is not promoted for live_caption_vad" in refused
    assert "an override is given for a reason" in failure(run("promote", **chosen, override=True))
    done = run("promote", **chosen, override=True, reason="by ear")
    assert done.success and "by ear | overridden |" in page(done)["in use"]
    assert (output(done)["promoted"], output(done)["in place of"]) == ("silero_vad:v6", "nothing")
    assert output(done)["against it"].startswith("- ")
    ended = run("demote", use_case="live_caption_vad", reason="invents words")
    assert (output(ended)["no longer promoted"], output(ended)["in use now"]) == ("silero_vad:v6", "nothing")
    assert page(ended)["use cases with a system"] == 0
    assert "nothing is promoted for" in failure(run("demote", use_case="live_caption_vad", reason="again"))


def test_an_audit_is_a_page_and_a_check_and_mends_when_told(lab: Lab, made: dict[str, Artifact], run: Run) -> None:
    def looked(**fields: Any) -> tuple[Mapping[str, Any], dg.AssetCheckEvaluation]:
        result = run("audit", **fields)
        assert result.success
        [check] = result.get_asset_check_evaluations()
        return page(result), check

    found, check = looked()
    assert (check.passed, found["looked at"], found["results"], found["wrong"]) == (True, "the whole lab", 3, 0)
    path = made["asr"].path / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"hello there"', b'"hello where"', 1))
    only, check = looked(runs=["b-attempt"], quick=True)
    assert (check.passed, only["looked at"]) == (True, "1 run, by size and name only")
    found, check = looked()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert check.description == "the whole lab: wrong fingerprint (1)"
    [row] = found["findings"].splitlines()[2:]
    assert row.startswith(f"| `fix` does it | wrong fingerprint | {made['asr'].path.relative_to(lab.home)} | ")
    mended, check = looked(fix=True)
    assert (check.passed, mended["wrong"], mended["put right"]) == (True, 0, 1)
    assert not made["asr"].path.exists()
    assert "no run" in failure(run("audit", runs=["zzzz"]))


def test_each_form_opens_with_every_field() -> None:
    for job in DECISION_JOBS:
        fields = job.top_level_node_defs[0].config_schema.config_type.fields
        assert set(job.run_config["ops"][OPS[job.name]]["config"]) == set(fields), job.name
