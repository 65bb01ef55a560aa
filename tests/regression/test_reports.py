"""What the gate says as JUnit XML, as Markdown and as JSON."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from modellab.regression.baseline import Baseline
from modellab.regression.documents import finding_rows, sweep_document
from modellab.regression.gate import Judgement, judge
from modellab.regression.judged import Judged, Sweep
from modellab.regression.junit import write_junit
from modellab.regression.markdown import markdown, summary
from modellab.regression.tolerances import Regression
from tests.regression.conftest import state


@pytest.fixture
def sweep():
    then = Baseline("b1", state([2] * 24), None, "because")
    worse = judge(state([4] * 24), then, Regression())
    doubtful = judge(state([2] * 23 + [15]), then, Regression())
    gone = Judgement("calls", None, "gone", "not measured", why="weights\x01 missing")
    return Sweep(
        "s1",
        (
            Judged(worse, "production"),
            Judged(worse, "candidate"),
            Judged(doubtful, "production"),
            Judged(gone, "production"),
            Judged(Judgement("calls", "1", "new", "no baseline"), "production", "b2"),
            Judged(judge(state([2] * 24), then, Regression()), "production"),
        ),
    )


def test_only_what_is_in_production_fails(sweep):
    assert [one.is_error for one in sweep.judged] == [True, False, False, True, False, False]
    assert not sweep.passed
    assert Sweep("s", (replace(sweep.judged[0], baseline_set="b3"),)).passed  # somebody accepted it
    assert Sweep("s", sweep.judged[1:3]).passed
    assert summary(sweep) == (
        "2 of 6 got worse, 1 could not be measured, 1 may have got worse, 1 measured for the first time, "
        "1 as good as before"
    )
    assert summary(Sweep("s", sweep.judged[5:])) == "nothing got worse, 1 as good as before"


def test_junit_fails_where_the_exit_code_does(sweep, tmp_path):
    write_junit(sweep, tmp_path / "gate.xml")
    [suite] = ET.parse(tmp_path / "gate.xml").getroot()
    assert (suite.get("name"), suite.get("tests")) == ("calls", "6")
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("1", "1", "3")
    cases = [(case.get("classname"), [one.tag for one in case]) for case in suite.iter("testcase")]
    assert cases == [
        ("calls.production", ["failure"]),
        ("calls.candidate", ["skipped"]),
        ("calls.production", ["skipped"]),
        ("calls.production", ["error"]),
        ("calls.production", ["skipped"]),
        ("calls.production", []),
    ]
    [failure] = suite.iter("failure")
    assert failure.get("message").startswith("regressed: wer 0.100 then, 0.200 now: +10.0 points")
    [error] = suite.iter("error")
    assert error.get("message") == "not measured: weights missing"


def test_markdown_has_what_got_worse_first_with_its_cases(sweep):
    said = markdown(sweep)
    headings = [line for line in said.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Got worse",
        "## Could not be measured",
        "## May have got worse",
        "## Measured for the first time",
        "## As good as it was",
    ]
    assert "**Failed**" in said
    assert "  | c00 | 0.100 | 0.200 |" in said
    assert "  | c23 | 0.100 | 0.750 |" in said
    assert markdown(Sweep("s", sweep.judged[5:])).startswith("# Regression gate\n\nPassed: nothing got worse")


def test_json_and_rows_say_the_same(sweep):
    document = json.loads(json.dumps(sweep_document(sweep)))
    assert (document["sweep"], document["passed"]) == ("s1", False)
    assert [one["verdict"] for one in document["judged"]] == [
        *("regressed", "regressed", "doubtful", "not measured", "no baseline", "kept")
    ]
    [finding] = document["judged"][0]["findings"]
    [row] = finding_rows(sweep.judged[0].judgement)
    assert (row["metric"], row["kind"], row["baseline_value"], row["value"]) == ("wer", "regressed", 0.1, 0.2)
    assert row["cases"] == ["c00", "c01", "c02", "c03", "c04"]
    assert {**finding, "cases": row["cases"]} == row
