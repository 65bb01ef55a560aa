"""Pruning: what goes, what stays and why, and that nothing is lost but files."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modellab.errors import ArtifactMissing, UsageError
from modellab.settings import Lab
from modellab.upkeep.pruning import Conditions, Plan, plan, prune
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import connect, query
from modellab.warehouse.schema import columns_by_table
from modellab_dagster.command import main

FAILED = Conditions(statuses=("failed",))
MONTH_S = 30 * 86400.0


def planned(lab: Lab, conditions: Conditions) -> Plan:
    build(lab)
    return plan(lab, conditions)


def content(lab: Lab) -> dict[str, list[Any]]:
    with connect(lab) as connection:
        return {table: sorted(connection.execute(f"FROM {table}").fetchall(), key=repr) for table in columns_by_table()}


def going(found: Plan) -> set[str]:
    return {one.fingerprint for one in found.results}


def test_what_nothing_else_uses_goes_and_its_rows_stay_through_a_rebuild(lab: Lab, runs: Any) -> None:
    kept = runs.run("a", words="hello there")
    made = runs.run("b", words="other words", status="failed")
    build(lab)
    before = content(lab)
    found = planned(lab, FAILED)
    assert going(found) == {made["asr"].fingerprint}
    assert [(one.why, one.results, one.bytes) for one in found.stays] == [("another run uses it", 1, 4000)]
    assert found.frees == sum(file["bytes"] for file in made["asr"].manifest["files"].values()) > 0
    assert [(one.dagster_run_id, one.bytes) for one in found.runs] == [("b-attempt", found.frees)]
    assert made["asr"].path.is_dir()
    report = prune(lab, found)
    assert (report.results, report.bytes, report.left) == (1, found.frees, ())
    assert (made["asr"].path.exists(), kept["asr"].path.exists(), made["ingest"].path.exists()) == (False, True, True)
    after = content(lab)
    [row] = after.pop("pruned")
    assert (row[0], row[1], row[2], row[5]) == (made["asr"].fingerprint, "asr", found.frees, "failed")
    assert before.pop("pruned") == [] and after == before
    rebuild(lab)
    again = content(lab)
    assert again.pop("pruned") == [row] and again == before
    assert planned(lab, FAILED).results == ()
    with pytest.raises(ArtifactMissing, match=r"the asr result .* was pruned on .* \(failed\).*Run its pipeline"):
        runs.store.get("asr", made["asr"].fingerprint)


def test_a_pruned_result_is_made_again_and_is_pruned_no_more(lab: Lab, runs: Any) -> None:
    made = runs.run("a", words="hello there", status="failed")
    prune(lab, planned(lab, FAILED))
    assert [path.name for path in lab.artifacts.glob("*/??/*")] == []
    again = runs.run("b", words="hello there")
    assert again["asr"].fingerprint == made["asr"].fingerprint
    build(lab)
    assert query(lab, "FROM pruned").rows == []
    assert query(lab, "SELECT run FROM artifacts ORDER BY ALL").rows == [("b" * 16,)] * 2
    before = content(lab)
    rebuild(lab)
    assert content(lab) == before


@pytest.mark.parametrize(
    ("conditions", "chosen"),
    [
        (Conditions(older_than_s=MONTH_S), {"old", "lost"}),
        (Conditions(statuses=("failed", "interrupted")), {"bad", "lost"}),
        (Conditions(older_than_s=MONTH_S, statuses=("failed", "interrupted")), {"lost"}),
        (Conditions(larger_than=4300), {"old", "lost", "bad", "new"}),
        (Conditions(larger_than=100_000), set()),
    ],
)
def test_a_run_is_chosen_that_meets_every_condition(
    lab: Lab, runs: Any, conditions: Conditions, chosen: set[str]
) -> None:
    for name, days_ago, status in (
        *(("old", 40, "completed"), ("new", 1, "completed"), ("bad", 2, "failed"), ("lost", 60, "interrupted")),
        ("none", 1, None),
    ):
        runs.run(name, words=f"words of {name}", days_ago=days_ago, status=status)
    found = planned(lab, conditions)
    assert {one.dagster_run_id.removesuffix("-attempt") for one in found.runs} == chosen


def test_what_decisions_rest_on_stays_with_all_it_was_made_of(lab: Lab, runs: Any) -> None:
    promoted, watched = (runs.run(name, words=f"words of {name}", status="failed") for name in "ab")
    free = runs.run("c", words="words of c", status="failed")
    evidence = {"fingerprints": [promoted["asr"].fingerprint], "runs": ["a" * 16]}
    event = {"event": "promoted", "subject_kind": "system", "subject": "s", "use_case": "u", "reason": "best"}
    runs.recorder.lifecycle_event({**event, "system_after": "s", "evidence": evidence})
    measure = {
        "step": "asr",
        "metric": "wer",
        "unit": "ratio",
        "better": "lower",
        "protocol": "",
        "scorer_version": "1",
    }
    figure = {"measure": measure, "case_id": "one", "input": "i", "fingerprint": watched["asr"].fingerprint}
    state = {"dataset": "d", "version": "1", "system": "s", "figures": [figure]}
    runs.recorder.baseline("b1", "2026-03-01T10:00:00+00:00", {"state": state, "reason": "first"})
    found = planned(lab, FAILED)
    assert going(found) == {free["asr"].fingerprint}
    told = {one.why: one.results for one in found.stays}
    assert told == {"a promotion rests on it": 2, "a baseline rests on it": 1}


def test_what_is_to_be_kept_and_what_a_running_run_uses_stays(lab: Lab, runs: Any) -> None:
    made = runs.run("a", words="hello", status="failed")
    assert going(planned(lab, replace(FAILED, keep=("ingest",)))) == {made["asr"].fingerprint}
    assert going(planned(lab, FAILED)) == {one.fingerprint for one in made.values()}
    runs.run("b", words="hello", status=None)
    found = planned(lab, FAILED)
    assert going(found) == set()
    assert [(one.why, one.results) for one in found.stays] == [("a run that is not over uses it", 2)]


def test_a_prune_that_was_killed_is_finished_by_the_next(lab: Lab, runs: Any) -> None:
    made = runs.run("a", words="hello there", status="failed")
    build(lab)
    before = content(lab)
    kill = """
import os, sys
from modellab.artifacts.pruned import PrunedResults
from modellab.settings import Lab
from modellab.upkeep.pruning import Conditions, Plan, plan, prune
PrunedResults.remove_files = lambda *_: os._exit(9)
lab = Lab.from_environment()
prune(lab, plan(lab, Conditions(statuses=("failed",))))
"""
    assert subprocess.run([sys.executable, "-c", kill], check=False).returncode == 9
    # Half done: written down, and whole all the same.
    assert len(list(runs.store.pruned.places())) == 1
    assert all(one.path.is_dir() for one in made.values())
    build(lab)
    assert content(lab) == before
    # Whatever the next is asked for.
    found = planned(lab, Conditions(older_than_s=MONTH_S))
    assert len(found.results) == 1
    prune(lab, found)
    assert sum(one.path.exists() for one in made.values()) == 1
    assert query(lab, "SELECT count(*) FROM pruned").rows == [(1,)]


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (Conditions(), "nothing says which runs"),
        (Conditions(statuses=("running",)), "is not over"),
        (Conditions(statuses=("lost",)), "status 'lost'"),
        (replace(FAILED, keep=("asl",)), "step 'asl'"),
    ],
)
def test_conditions_that_can_not_be_met(lab: Lab, conditions: Conditions, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        planned(lab, conditions)


def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(list(arguments))
        return code, capsys.readouterr().out

    return run


def test_the_command_says_first_and_then_does(lab: Lab, runs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made = runs.run("a", words="hello there", status="failed")
    run = told(capsys)
    code, out = run("runs", "prune", "--status", "failed,canceled")
    assert (code, "would be freed; rows and figures stay. --yes does it." in out) == (0, True)
    assert made["asr"].path.is_dir()
    code, out = run("runs", "prune", "--status", "failed", "--yes", "--json")
    document = json.loads(out)
    assert (code, document["done"]["results"], document["frees"]) == (0, 2, document["done"]["bytes"])
    assert not made["asr"].path.exists()
    code, out = run("runs", "show", "a-attempt")
    assert (code, "pruned on " in out, "ingest, asr. Run the recording again" in out) == (0, True, True)
    assert "it is very quiet" in out
    assert run("runs", "prune", "--older-than", "a month")[0] == 2
