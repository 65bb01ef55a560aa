"""`modellab regress`: real runs, a baseline, a change that makes a pipeline worse, and what the gate says of it."""

import json
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
import yaml

from modellab.cli.main import main
from modellab.regression.baseline import baseline_of, baselines
from modellab.warehouse.query import query
from modellab_dagster.command import open_launcher

ASKED = ["regress", "-d", "vad_smoke_v1", "-m", "mine", "--json"]


@pytest.fixture
def pipeline(lab):
    """Writes the user's pipeline `mine`: what it does changes, its name stays."""

    def write(threshold):
        lab.pipelines.mkdir(parents=True, exist_ok=True)
        steps = [{"step": "ingest"}, {"step": "vad", "model": "silero_vad", "parameters": {"threshold": threshold}}]
        text = yaml.safe_dump({"name": "mine", "description": "Finds speech.", "steps": steps})
        (lab.pipelines / "mine.yaml").write_text(text)

    write(0.5)
    return write


@pytest.fixture
def asked(capsys):
    def ask(*arguments, code=0):
        assert main([*ASKED, *arguments], open_launcher) == code
        return json.loads(capsys.readouterr().out)

    return ask


def test_the_first_time_sets_the_baseline_and_the_same_again_passes(lab, pipeline, asked):
    first = asked()
    [judged] = first["judged"]
    assert (judged["verdict"], judged["status"], first["passed"]) == ("no baseline", "production", True)
    [row] = baselines(lab)
    assert (row.dataset, row.system, row.baseline, row.cases) == ("vad_smoke_v1", "mine", judged["baseline_set"], 3)
    assert row.reason == "The first time that it was measured."
    [again] = asked()["judged"]
    assert (again["verdict"], again["baseline"], again["changed"]) == ("kept", row.baseline, [])
    assert [(one["metric"], one["kind"]) for one in again["findings"]] == [("detection_error", "unchanged")]
    assert query(lab, "SELECT verdict FROM gates ORDER BY sequence").rows == [("no baseline",), ("kept",)]


def test_a_worse_variant_is_said_recorded_and_can_be_accepted(lab, pipeline, asked, tmp_path):
    asked()
    kept = baseline_of(lab, "vad_smoke_v1", "mine")
    pipeline(0.97)
    lab.regression.write_text("tolerances: {detection_error: 0.0}\n")
    report, junit = tmp_path / "gate.md", tmp_path / "gate.xml"
    [judged] = asked("--markdown", str(report), "--junit", str(junit))["judged"]
    [finding] = judged["findings"]
    # Three recordings are too few to be sure, however much worse it is.
    assert (judged["verdict"], finding["kind"]) == ("doubtful", "doubtful")
    assert finding["value"] > finding["baseline_value"]
    assert judged["changed"] == ["vad: threshold 0.5 then, 0.97 now"]
    now = dict(
        query(
            lab, "SELECT case_id, numerator FROM case_outcomes WHERE system = 'mine' AND metric = 'detection_error'"
        ).rows
    )
    then = {one.case_id: one.numerator for one in kept.state.figures if one.measure.metric == "detection_error"}
    worse = sorted((case for case in now if now[case] > then[case]), key=lambda case: (then[case] - now[case], case))
    assert [case["case_id"] for case in finding["cases"]] == worse
    assert "## May have got worse" in report.read_text()
    assert ET.parse(junit).getroot()[0].get("skipped") == "1"
    rows = query(lab, "SELECT system, metric, kind, cases FROM regressions").rows
    assert rows == [("mine", "detection_error", "doubtful", worse)]

    [accepted] = asked("--accept", "we want few false alarms")["judged"]
    assert accepted["baseline_set"]
    [row] = baselines(lab)
    assert (row.baseline, row.reason) == (accepted["baseline_set"], "we want few false alarms")
    assert asked()["judged"][0]["verdict"] == "kept"


def test_what_is_watched_and_can_not_run_is_an_error_that_is_named(lab, pipeline, asked, capsys):
    (lab.pipelines / "mine.yaml").unlink()
    lab.regression.write_text("plan: [{dataset: vad_smoke_v1, systems: [mine]}]\n")
    assert main(["regress", "--json"], open_launcher) == 1
    [judged] = json.loads(capsys.readouterr().out)["judged"]
    assert (judged["verdict"], judged["status"]) == ("not measured", "production")
    assert "mine" in judged["why"]


def test_what_nobody_watches_is_refused(lab, capsys):
    assert main(["regress", "-m", "silero_vad", "-d", "nothing", "--json"], open_launcher) == 2
    assert "nothing" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert main(["regress", "--accept", " ", "--json"], open_launcher) == 2
    assert "reason" in json.loads(capsys.readouterr().out)["error"]["message"]


_KILLED_BEFORE_IT_RECORDS = """
import os, signal, sys
from modellab.cli.main import main
from modellab.runs import regressing
from modellab_dagster.command import open_launcher

regressing._record = lambda *judged: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:], open_launcher)
"""


def test_killed_between_measuring_and_recording_the_next_goes_on_and_has_nothing_twice(lab, pipeline, asked):
    killed = subprocess.run([sys.executable, "-c", _KILLED_BEFORE_IT_RECORDS, *ASKED], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    [judged] = asked()["judged"]
    assert judged["verdict"] == "kept"
    [row] = baselines(lab)
    assert row.baseline == judged["baseline"]
    assert query(lab, "SELECT verdict, baseline FROM gates").rows == [("kept", row.baseline)]
    computed = "SELECT input, step, count(*) FROM steps WHERE status = 'completed' AND NOT cached GROUP BY ALL"
    assert {count for *_, count in query(lab, computed).rows} == {1}
    scored = "SELECT fingerprint, case_id, metric, count(*) FROM scores GROUP BY ALL"
    assert {count for *_, count in query(lab, scored).rows} == {1}
    assert query(lab, "SELECT DISTINCT status FROM run_history").rows == [("completed",)]
