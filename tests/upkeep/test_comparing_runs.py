"""Two runs beside each other, over what is stored."""

import json
from typing import Any

import pytest

from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.errors import UsageError
from modellab.runs.comparing_runs import Figures, Spent, compare_runs
from modellab.settings import Lab
from modellab.upkeep.pruning import Conditions, plan, prune
from modellab.warehouse.builder import build
from modellab.warehouse.lake import Lake
from modellab_dagster.command import main


def score(lab: Lab, name: str, artifact: Any, errors: float) -> None:
    row = {
        **{"fingerprint": artifact.fingerprint, "content_sha256": artifact.content_sha256, "dataset": "calls"},
        **{"dataset_version": "1", "case_id": "one", "metric": "wer", "unit": "ratio", "better": "lower"},
        **{"protocol": "plain", "scorer_version": "1", "value": errors / 3, "numerator": errors, "denominator": 3},
        **{"components": {}, "scored_at": "2026-03-01T10:00:00+00:00"},
    }
    Lake(lab.lake).write("scores", name, [row])


@pytest.fixture
def two(lab: Lab, runs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    made = runs.run("a", words="hello there you"), runs.run("b", words="hello dear you", status="failed")
    build(lab)
    return made


def test_what_differs_figures_words_and_time(lab: Lab, runs: Any, two: Any, capsys: pytest.CaptureFixture[str]) -> None:
    known = EnrolledCase("one", runs.source.sha256, Reference("en", "hello dear you"))
    References(lab.references).enrol("calls", "1", [known])
    for name, made, errors in (("sa", two[0], 1.0), ("sb", two[1], 0.0)):
        score(lab, name, made["asr"], errors)
    build(lab)
    found = compare_runs(lab, "a-attempt", "b-attempt")
    assert [(one.step, one.what, one.a, one.b) for one in found.differs] == [
        ("asr", "words", "hello there you", "hello dear you")
    ]
    assert found.figures == (Figures("calls", "one", "asr", "wer", "plain", "ratio", "lower", 1 / 3, 0.0, None, None),)
    assert found.words is not None and found.words.known
    [stretch] = found.words.stretches
    assert (stretch.reference, stretch.first, stretch.second) == ("dear", "there", "dear")
    assert stretch.where is not None and (stretch.where.start_s, stretch.where.end_s) == (1.0, 1.5)
    # The second only found the ingest: that took no time that says anything.
    assert found.spent == (
        Spent("ingest", 0.5, None, 0.5, None, None, None),
        Spent("asr", 0.5, 0.5, 0.5, 0.5, None, None),
    )
    code = main(["runs", "compare", "a-attempt", "b-attempt", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (code, document["figures"][0]["a"], document["words"]["stretches"][0]["first"]) == (0, 1 / 3, "there")
    assert main(["runs", "compare", "a-attempt", "b-attempt"]) == 0
    out = capsys.readouterr().out
    assert all(said in out for said in ("hello dear you", "wer (ratio)", "0.3333", "there", "Inference A (s)"))


def test_without_a_reference_neither_is_right_and_what_was_pruned_is_said(lab: Lab, two: Any) -> None:
    found = compare_runs(lab, "b-attempt", "a-attempt")
    assert found.words is not None and not found.words.known
    assert [(one.first, one.second) for one in found.words.stretches] == [("dear", "there")]
    prune(lab, plan(lab, Conditions(statuses=("failed",))))
    found = compare_runs(lab, "a-attempt", "b-attempt")
    assert found.words is None and str(found.no_words).startswith("the transcript of B was pruned on 20")


def test_one_run_is_not_compared_with_itself(lab: Lab, two: Any) -> None:
    with pytest.raises(UsageError, match="are one run"):
        compare_runs(lab, "a-attempt", "a" * 16)
