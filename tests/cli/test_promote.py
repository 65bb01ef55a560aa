"""Promotion from bench to gate, with a real model on real recordings: each test finds what the one before left."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from modellab.media.sample import sample_path
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.regressing import status_of

Call = Callable[..., tuple[int, str, str]]
CASE, USUAL, OTHER = "my_voices", "silero_vad:v6", "silero_vad:v6+vad.threshold=0.97"
# Without speed: what else the machine does must not decide.
FILE = """
id: my_voices
title: Where somebody speaks
description: For tests.
surfaces: [vad]
constraints: {licences: [MIT]}
score:
- {metric: vad_missed, dataset: vad_smoke_v1, weight: 0.6, best: 0, worst: 0.2}
- {metric: vad_false_alarm, dataset: vad_smoke_v1, weight: 0.4, best: 0, worst: 0.5}
"""


@pytest.fixture(scope="module", autouse=True)
def _use_case(home: Path) -> None:
    (home / "use-cases").mkdir(parents=True)
    (home / "use-cases" / f"{CASE}.yaml").write_text(FILE)


@pytest.fixture(scope="module")
def two_measured(home: Path) -> None:
    """Both systems on the three recordings of the smoke set."""
    from modellab_dagster.command import main

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_HOME", str(home))
        assert main(["bench", "--dataset", "vad_smoke_v1", "--models", f"{USUAL},{OTHER}", "--json"]) == 0


def test_nothing_is_promoted_that_was_not_measured(call: Call) -> None:
    code, out, err = call("promote", USUAL, "--use-case", CASE)
    assert (code, out) == (1, "")
    assert f"{USUAL} is not promoted for {CASE}" in err
    assert f"modellab bench --dataset vad_smoke_v1 --models {USUAL}" in err
    assert call("promotions", "list")[1] == "Nothing was promoted yet: modellab recommend USE_CASE.\n"
    code, _, err = call("run", sample_path(), "--use-case", CASE)
    assert (code, f"nothing is promoted for {CASE}, which --use-case names" in err) == (2, True)
    code, _, err = call("promote", "heuristic_diarization:mfcc", "-u", CASE)
    assert (code, "it has no step for vad" in err) == (2, True)


def test_nothing_is_recommended_where_nothing_was_measured(call: Call) -> None:
    code, out, _ = call("recommend", CASE)
    assert code == 1
    assert "! Nothing is recommended: nothing was measured that allows a recommendation." in out
    assert f"? {USUAL}: not measured" in out
    assert f"  modellab bench --dataset vad_smoke_v1 --models {USUAL}\n" in out
    code, out, _ = call("recommend", CASE, "--run", sample_path(), "--json")
    assert (code, json.loads(out)["recommended"]) == (1, None)


@pytest.mark.usefixtures("two_measured")
def test_a_tie_is_said_to_be_one_and_what_is_recommended_can_be_run(call: Call) -> None:
    code, out, _ = call("recommend", CASE)
    assert code == 0 and f"a tie: it can't be told from {OTHER}" in out
    assert f"modellab promote {USUAL} --use-case {CASE}" in out
    found = json.loads(call("recommend", CASE, "--json")[1])
    assert (found["recommended"]["system"], found["tied_with"], found["in_use"]) == (USUAL, [OTHER], None)
    assert found["more_cases"] > 0
    code, out, err = call("recommend", CASE, "--run", sample_path(), "--json")
    assert code == 0 and err.startswith(f"{USUAL} for {CASE}: a tie")
    [file] = json.loads(out)["inputs"]
    assert [step["step"] for step in file["steps"]] == ["ingest", "vad"]


@pytest.mark.usefixtures("two_measured")
def test_a_promotion_says_what_it_rests_on_and_a_rebuilt_database_has_it(call: Call, home: Path) -> None:
    code, out, _ = call("promote", USUAL, "--use-case", CASE, "--json")
    made = json.loads(out)
    assert (code, made["system"], made["before"], made["after"]) == (0, USUAL, None, USUAL)
    evidence = made["evidence"]
    assert (evidence["verdict"], evidence["datasets"]) == ("the first", {"vad_smoke_v1": "1"})
    assert [part["n"] for part in evidence["system"]["parts"]] == [3, 3]
    missed = evidence["system"]["parts"][0]
    assert missed["low"] <= missed["value"] <= missed["high"]
    # Ingest, vad and its metrics of three recordings; each result is there.
    assert len(evidence["runs"]) == 3 and len(evidence["fingerprints"]) == 9
    assert all(list((home / "artifacts").glob(f"*/{name[:2]}/{name}")) for name in evidence["fingerprints"])
    current = "SELECT use_case, system, promotion FROM current_promotions"
    before = json.loads(call("sql", current, "--json")[1])
    assert call("warehouse", "rebuild")[0] == 0
    assert json.loads(call("sql", current, "--json")[1]) == before
    assert json.loads(call("promotions", "show", made["id"][:6], "--json")[1]) == made


def test_who_can_not_be_told_apart_takes_no_place_unless_somebody_answers_for_it(call: Call) -> None:
    code, _, err = call("promote", OTHER, "-u", CASE)
    assert code == 1 and f"it can't be told that it is not worse than {USUAL}" in err
    code, _, err = call("promote", OTHER, "-u", CASE, "--override")
    assert (code, "an override is given for a reason" in err) == (2, True)
    code, out, _ = call("promote", OTHER, "-u", CASE, "--override", "--reason", "fewer false alarms")
    assert code == 0
    assert f"! {OTHER} is promoted for {CASE} in place of {USUAL}: fewer false alarms" in out
    evidence = json.loads(call("promotions", "show", CASE, "--json")[1])["evidence"]
    assert evidence["verdict"] == "overridden" and len(evidence["objections"]) == 1
    assert evidence["against"]["system"] == USUAL and len(evidence["criteria"]) == 2
    low, high = evidence["against"]["score_low"], evidence["against"]["score_high"]
    assert low < 0 < high
    assert f": {OTHER} (modellab promotions show {CASE})" in call("use-cases", "show", CASE)[1]
    page = call("promotions", "show", CASE)[1]
    assert "promoted, overridden" in page and "! against the evidence" in page


def test_what_is_in_use_is_followed_by_its_own_key_and_said(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = call("run", sample_path(), "--use-case", CASE, "--json")
    assert code == 0
    assert f"{OTHER} is promoted for {CASE} since 20" in err
    [run] = json.loads(call("runs", "list", "--limit", "1", "--json")[1])["runs"]
    assert run["system"] == OTHER
    monkeypatch.setenv("MODELLAB_FOLLOW", CASE)
    code, out, err = call("run", sample_path(), "--json")
    assert (code, f"{OTHER} is promoted for {CASE} since 20" in err) == (0, True)
    assert all(step["cached"] for file in json.loads(out)["inputs"] for step in file["steps"])
    # A pipeline that is named is what runs.
    assert "promoted" not in call("run", sample_path(), "--pipeline", "ingest", "--json")[2]
    code, _, err = call("run", sample_path(), "--pipeline", "ingest", "--use-case", CASE)
    assert (code, "a pipeline and a use case are named" in err) == (2, True)


def test_what_is_in_use_is_watched_as_production_beside_what_the_plan_says(call: Call, home: Path) -> None:
    (home / "regression.yaml").write_text(f"plan:\n- dataset: vad_smoke_v1\n  systems: ['{USUAL}']\n")
    code, out, _ = call("regress", "--json")
    judged = [(one["dataset"], one["system"], one["status"]) for one in json.loads(out)["judged"]]
    assert code == 0
    assert judged == [("vad_smoke_v1", USUAL, "production"), ("vad_smoke_v1", OTHER, "production")]


def test_what_was_in_use_before_comes_back(call: Call) -> None:
    code, out, _ = call("demote", CASE, "--reason", "misses quiet speech")
    assert (code, f"{USUAL} is in use again" in out) == (0, True)
    runs = {one["system"]: one["run"] for one in json.loads(call("runs", "list", "--json")[1])["runs"]}
    code, _, err = call("runs", "promote", runs[OTHER], "-u", CASE)
    assert code == 1 and f"{OTHER} is not promoted for {CASE}" in err
    code, _, err = call("runs", "promote", runs["ingest"], "-u", CASE)
    assert code == 2 and f"ingest can't serve {CASE}: it has no step for vad" in err
    listed = json.loads(call("promotions", "list", "--json")[1])["promotions"]
    assert [(one["event"], one["after"], one["in_use"]) for one in listed] == [
        ("demoted", USUAL, False),
        ("promoted", OTHER, False),
        ("promoted", USUAL, True),
    ]
    assert call("demote", CASE, "--reason", "the end", "--entirely")[0] == 0
    code, _, err = call("demote", CASE, "--reason", "more")
    assert (code, f"nothing is promoted for {CASE}" in err) == (2, True)


def test_an_experimental_model_that_is_in_use_is_production_for_the_gate() -> None:
    registry = ModelRegistry()
    system = resolve_system("heuristic_diarization:mfcc", registry)
    assert status_of(system, registry) == "experimental"
    assert status_of(system, registry, {system.key}) == "production"


def test_the_arsenal_says_what_is_verified_by_what(call: Call, tmp_path: Path) -> None:
    code, out, _ = call("arsenal", "--json", "--html", tmp_path / "a.html", "--markdown", tmp_path / "a.md")
    assert code == 0
    found = json.loads(out)
    vad = next(one for one in found["models"] if one["model"] == "silero_vad:v6")
    assert (vad["verified"], vad["inputs"], vad["here"]) == ("scored", 4, "here")  # three cases, and the sample
    [weights] = vad["weights"]
    assert [(one["dataset"], one["metric"], one["n"], one["of"]) for one in vad["scores"]] == [
        ("vad_smoke_v1", "detection_error", 3, 3)
    ]
    [smoke] = [one for one in found["datasets"] if one["dataset"] == "vad_smoke_v1"]
    assert (smoke["systems"], smoke["enrolled"], smoke["lost"]) == ([USUAL, OTHER], 3, 0)
    ingest = next(one for one in found["pipelines"] if one["pipeline"] == "ingest")
    assert ingest["runs"] == 1 and ingest["lacks"] == ""
    [case] = [one for one in found["use_cases"] if one["use_case"] == CASE]
    assert (case["in_use"], case["recommended"], case["ranked"]) == (None, USUAL, 2)
    assert {(one["system"], one["verdict"]) for one in found["gates"]} == {
        *((USUAL, "no baseline"), (OTHER, "no baseline")),
    }
    assert f"<code>{weights}</code>" in (tmp_path / "a.html").read_text()
    assert f"modellab promote {USUAL} --use-case {CASE}" in (tmp_path / "a.md").read_text()
    said = call("arsenal")[1]
    assert f"nothing is in use for {CASE}, though there is evidence for {USUAL}" in said
