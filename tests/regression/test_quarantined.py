"""A baseline without the figures that rest on quarantined runs."""

from modellab.regression.baseline import baseline_of, set_baseline
from modellab.regression.gate import judge
from modellab.regression.tolerances import Regression
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder


def decide(lab: Lab, event: str, *fingerprints: str) -> None:
    evidence = {"steps": ["asr"], "fingerprints": list(fingerprints)}
    content = {"event": event, "subject_kind": "run", "subject": "r/d", "reason": "doubt", "evidence": evidence}
    Recorder(lab).lifecycle_event(content)
    build(lab)


def test_figures_of_quarantined_results_are_no_evidence_until_they_are_released(lab: Lab, usual) -> None:
    set_baseline(lab, usual, "because")
    build(lab)
    whole = baseline_of(lab, "calls", "toy:v1")
    assert whole is not None and (len(whole.state.figures), whole.quarantined) == (24, 0)
    decide(lab, "quarantined", "f-c00-2", "f-c07-2")
    found = baseline_of(lab, "calls", "toy:v1")
    assert found is not None and (len(found.state.figures), found.quarantined) == (22, 2)
    assert not {"c00", "c07"} & {one.case_id for one in found.state.figures}
    said = judge(usual, found, Regression()).changed
    assert said == ("2 figures of the baseline rest on quarantined runs and do not count",)
    decide(lab, "released")
    assert baseline_of(lab, "calls", "toy:v1") == whole
