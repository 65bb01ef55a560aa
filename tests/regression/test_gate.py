"""What the gate says of a system against its baseline, on hand-made figures."""

from dataclasses import replace

import numpy as np
import pytest

from modellab.evaluation.outcomes import Measure
from modellab.regression.baseline import Baseline
from modellab.regression.gate import judge
from modellab.regression.tolerances import Regression
from modellab.statistics.cases import Amounts
from tests.regression.conftest import CASES, MADE, WER, figure, state, with_figure


def gate(now, then, **settings):
    return judge(now, Baseline("b1", then, "ann", "because"), Regression(**settings))


def the(judgement):
    [finding] = judgement.findings
    return finding


def test_the_same_results_are_unchanged(usual):
    found = gate(usual, usual)
    assert (found.verdict, the(found).kind, the(found).cases) == ("kept", "unchanged", ())
    assert the(found).said == "wer is the same in 24 cases"
    assert (found.changed, found.baseline) == ((), "b1")


def test_a_figure_that_is_surely_worse_by_more_than_its_tolerance_regressed(usual):
    found = gate(state([3] * 23 + [5]), usual)
    finding = the(found)
    assert (found.verdict, finding.kind) == ("regressed", "regressed")
    assert (finding.comparison.b, finding.comparison.a) == (0.1, pytest.approx(74 / 480, abs=1e-6))
    assert finding.comparison.verdict == "worse"
    assert [case.case_id for case in finding.cases] == ["c23", "c00", "c01", "c02", "c03"]
    assert (finding.cases[0].then, finding.cases[0].now) == (Amounts(2.0, 20.0), Amounts(5.0, 20.0))
    assert finding.cases[0].fingerprints == ("f-c23-2", "f-c23-5")
    assert found.regressed == [finding.said]
    assert "wer 0.100 then, 0.154 now: +5.4 points" in finding.said


def test_within_its_tolerance_a_figure_may_get_worse(usual):
    worse = state([3] * 23 + [5])
    assert the(gate(worse, usual, tolerances={"wer": 0.06})).kind == "kept"
    assert the(gate(worse, usual, tolerances={"wer": 0.05})).kind == "regressed"


def test_one_bad_case_is_no_sure_regression_but_is_said(usual):
    found = gate(state([2] * 23 + [15]), usual)
    assert (found.verdict, the(found).kind) == ("doubtful", "doubtful")
    assert [case.case_id for case in the(found).cases] == ["c23"]
    assert the(found).said.endswith("too few cases, or too uneven, to be sure")


def test_what_is_worse_in_a_slice_alone_regressed(usual):
    """In the street three or four errors more, elsewhere as many fewer: over all cases nothing changed."""
    then = state([4] * 24)
    more = [3 + (number | 1) % 8 // 7 for number in range(24)]
    now = state([4 + by if number % 2 else 4 - by for number, by in enumerate(more)])
    found = gate(now, then)
    assert the(found).comparison.difference == 0
    assert (found.verdict, the(found).kind) == ("regressed", "regressed")
    assert [(one.tag, one.value) for one in the(found).slices] == [("noise", "street")]
    assert "in noise=street +16.2 points" in the(found).said


def test_what_is_surely_better_is_called_so(usual):
    assert the(gate(state([1] * 23 + [0]), usual)).kind == "better"


def test_a_case_that_fails_now_is_a_regression_whatever_the_rest_does(usual):
    found = gate(with_figure(usual, figure("c05", 0, error="out of memory")), usual)
    assert found.verdict == "regressed"
    assert "1 case that had a figure has none: c05 (out of memory)" in the(found).said
    assert [(case.case_id, case.now, case.error) for case in the(found).cases] == [("c05", None, "out of memory")]


def test_a_case_that_failed_then_too_is_none(usual):
    broken = with_figure(usual, figure("c05", 0, error="out of memory"))
    assert gate(broken, broken).verdict == "kept"
    assert the(gate(usual, broken)).kind == "better" or the(gate(usual, broken)).kind == "kept"


def test_a_case_whose_recording_or_reference_changed_is_left_out_and_named(usual):
    now = with_figure(usual, figure("c03", 20, reference="r2"))
    now = with_figure(now, figure("c04", 20, input_key="another"))
    found = the(gate(now, usual))
    assert (found.kind, found.comparison.n) == ("unchanged", 22)
    assert found.said == (
        "wer is the same in 22 cases (left out: 2 cases another recording or reference than then: c03, c04)"
    )
    assert the(gate(state([2] * 20), usual)).said.endswith("(left out: 4 cases not measured now: c20, c21, c22, c23)")
    assert the(gate(usual, state([2] * 23))).said.endswith("(left out: 1 case not in the baseline: c23)")


def test_another_scorer_or_protocol_is_no_comparison(usual):
    newer = state([2] * 24, measure=replace(WER, scorer_version="2"))
    found = gate(newer, usual)
    assert (found.verdict, the(found).kind) == ("not measured", "not comparable")
    assert found.why == "wer was scored by another version: 1 then, 2 now"
    other = state([2] * 24, measure=replace(WER, protocol="basic"))
    assert gate(other, usual).why == "wer was measured by another protocol: no normaliser then, basic now"
    assert gate(state([]), usual).why == "wer has no figure any more"


def test_a_figure_that_nothing_is_held_against_is_a_doubt_where_others_are_as_they_were(usual):
    cer = replace(WER, metric="cer")
    then = replace(usual, figures=(*usual.figures, *state([1] * 24, measure=cer).figures))
    newer = state([1] * 24, measure=replace(cer, scorer_version="2"))
    now = replace(usual, figures=(*usual.figures, *newer.figures))
    found = gate(now, then, tolerances={"cer": 0.01})
    assert [(one.measure.metric, one.kind) for one in found.findings] == [
        ("wer", "unchanged"),
        ("cer", "not comparable"),
    ]
    assert (found.verdict, found.regressed) == ("doubtful", [])
    assert found.doubtful == ["cer was scored by another version: 1 then, 2 now"]


def test_figures_that_are_better_when_higher_regress_when_they_fall():
    pesq = Measure("enhance", "pesq", "MOS", "higher", "", "1")
    then, now = (
        replace(state([]), figures=tuple(figure(case, value, measure=pesq, words=1) for case in CASES))
        for value in (3.0, 2.5)
    )
    assert the(gate(now, then)).kind == "regressed"
    assert the(gate(then, now)).kind == "better"


def test_only_main_metrics_are_watched_and_those_with_a_tolerance(usual):
    punctuation = replace(WER, metric="punctuation_error")
    then = replace(usual, figures=(*usual.figures, *state([0] * 24, measure=punctuation).figures))
    now = replace(usual, figures=(*usual.figures, *state([9] * 24, measure=punctuation).figures))
    assert [one.measure.metric for one in gate(now, then).findings] == ["wer"]
    found = gate(now, then, tolerances={"punctuation_error": 0.1})
    assert [(one.measure.metric, one.kind) for one in found.findings] == [
        ("wer", "unchanged"),
        ("punctuation_error", "regressed"),
    ]


def test_what_is_another_thing_than_then_is_said(usual):
    other = replace(MADE, weights_sha256="b" * 64, runtime_version="1.1", machine="m2", parameters={"beam_size": 5})
    now = state([2] * 24, made=(other, replace(MADE, step="vad")), version="2")
    assert gate(now, usual).changed == (
        "calls is version 2, and was 1",
        "asr: weights_sha256 aaaaaaaaaaaa then, bbbbbbbbbbbb now",
        "asr: runtime_version 1.0 then, 1.1 now",
        "asr: machine m1 then, m2 now",
        "asr: beam_size nothing then, 5 now",
        "vad was not among its steps",
    )
    assert gate(state([2] * 24, manifest="n" * 64), usual).changed == ("calls 1 says something else than then",)


def test_an_equal_system_is_seldom_called_worse_and_one_with_twice_the_errors_every_night():
    """Each night another draw of the same error rate, as of a model that never says the same twice."""
    rng = np.random.default_rng(11)
    then = [state(rng.binomial(20, 0.2, 24)) for _ in range(200)]
    equal = [gate(state(rng.binomial(20, 0.2, 24)), one).verdict for one in then]
    worse = [gate(state(rng.binomial(20, 0.4, 24)), one).verdict for one in then[:20]]
    assert equal.count("regressed") / len(equal) <= 0.03
    assert worse == ["regressed"] * 20


def test_a_system_that_gives_the_same_every_night_is_never_called_worse(usual):
    assert [gate(usual, usual).verdict for _ in range(20)] == ["kept"] * 20
