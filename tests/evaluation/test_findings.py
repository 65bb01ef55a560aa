"""Statements with their figures and queries: comparisons, slices, failures, invented words, claims. Exact, by hand."""

from dataclasses import replace

import pytest

from modellab.evaluation.claims import Claim, judged
from modellab.evaluation.findings import claimed, compared, failed, invented
from modellab.evaluation.measured import Measured
from modellab.evaluation.outcomes import Measure, Outcomes
from modellab.evaluation.standing import Figure, Standing, standing
from modellab.statistics.cases import Amounts, Case
from modellab.statistics.holm import holm
from modellab.statistics.intervals import interval

WER = Measure("asr", "wer", "ratio", "lower", "whisper_english-0.1.15", "2")
CALLS = Measured("calls", "1", ("base", "tiny"))


def cases(quiet: list[float | None], noisy: list[float | None]) -> list[Case]:
    """Cases of ten words with so many errors."""
    listed = [("none", one) for one in quiet] + [("street", one) for one in noisy]
    return [
        Case(f"c{place}", None if e is None else Amounts(e, 10.0), tags={"noise": noise})
        for place, (noise, e) in enumerate(listed)
    ]


def known(base: list[Case], tiny: list[Case], errors: dict[tuple[str, str], str] | None = None) -> Outcomes:
    return Outcomes("calls", "1", 16, {WER: {"base": base, "tiny": tiny}}, errors or {}, {"base": ["m"], "tiny": ["m"]})


def stands(found: Outcomes) -> Standing:
    return standing(found, CALLS.systems)


def test_the_slice_where_one_is_ahead_is_a_finding_and_the_one_where_nobody_is_is_none() -> None:
    found = known(cases([1, 2, 1, 0, 1, 1, 2, 0], [1] * 8), cases([1, 1, 2, 0, 1, 1, 1, 1], [5, 4, 6, 5, 5, 4, 6, 5]))
    whole, street = compared(CALLS, found, stands(found))
    assert (whole.kind, street.kind) == ("comparison", "slice")
    assert whole.statement.startswith("base beats tiny on calls by 20.0 points of wer [")
    assert street.statement.startswith("base beats tiny on calls, noise street, by 40.0 points of wer [")
    assert street.statement.endswith(", n = 8 recordings")
    assert {name: street.figures[name] for name in ("metric", "tag", "value", "n", "verdict", "difference")} == {
        **{"metric": "wer", "tag": "noise", "value": "street", "n": 8, "verdict": "better", "difference": -0.4},
    }
    # Two slices were looked at, so that the smaller p counts twice; four of two metrics.
    assert street.figures["adjusted_p"] == pytest.approx(holm([street.figures["p"], 1.0])[0])
    der = replace(WER, metric="der")
    both = replace(found, by_measure={**found.by_measure, der: found.by_measure[WER]})
    of_two = [one for one in compared(CALLS, both, stands(both)) if one.kind == "slice"]
    assert [one.figures["metric"] for one in of_two] == ["wer", "der"]
    p = street.figures["p"]
    assert [one.figures["adjusted_p"] for one in of_two] == pytest.approx(holm([p, p, 1.0, 1.0])[:2])
    assert "json_extract_string(tags, '$.\"noise\"') = 'street'" in street.query
    assert "json_extract_string" not in whole.query


def test_a_verdict_is_of_all_pairs_that_were_looked_at() -> None:
    ahead, behind = cases([0, 0, 1, 0, 0, 0], []), cases([1, 1, 2, 1, 1, 1], [])
    alone = known(ahead, behind)
    [one] = compared(CALLS, alone, stands(alone))
    assert one.figures["verdict"] == "better"
    cer = Measure("asr", "cer", "ratio", "lower", "n", "1")
    both = Outcomes("calls", "1", 6, {**alone.by_measure, cer: alone.by_measure[WER]}, {}, alone.machines)
    found = list(compared(CALLS, both, stands(both)))
    assert [each.figures["verdict"] for each in found] == ["not separable"] * 2
    assert found[0].statement.startswith("base and tiny are not separable on calls by wer: -10.0 points [")


def test_where_nobody_speaks_words_that_were_invented_are_compared_and_word_errors_are_not() -> None:
    rate = Measure("hallucinations", "invented_words_per_minute", "words/min", "lower", "collar 0.5 s", "1")
    silent = [Case(f"c{place}", Amounts(1.0, 0.0)) for place in range(6)]
    invented_words, none = ([Case(f"c{place}", Amounts(w, 1.0)) for place in range(6)] for w in (9.0, 0.0))
    by_measure = {WER: {"base": silent, "tiny": silent}, rate: {"base": none, "tiny": invented_words}}
    found = replace(known([], []), by_measure=by_measure)
    [one] = compared(CALLS, found, stands(found))
    assert one.statement.startswith("base beats tiny on calls by 9.0 words/min of invented_words_per_minute [")


def test_failures_are_told_with_why_and_their_cases() -> None:
    found = known(cases([1, None], []), cases([1, 1], []), {("base", "c1"): "DeviceError: it's lost"})
    [one] = failed(CALLS, found, stands(found))
    assert one.statement == "base has no figure of 1 of 2 cases of calls: DeviceError: it's lost"
    assert one.figures == {"system": "base", "failed": 1, "cases": 2, "errors": {"c1": "DeviceError: it's lost"}}
    assert "system = 'base' AND case_id IN ('c1')" in one.query


def test_invented_words_are_counted_by_kind_and_recording() -> None:
    flags = [{"input": "x", "kind": "loop"}, {"input": "x", "kind": "loop"}, {"input": "y", "kind": "language"}]
    one = invented(CALLS, "tiny", flags, "SELECT 1")
    assert one.statement == (
        "tiny wrote words that were probably never said in 2 recordings of calls: 3 flags (language 1, loop 2)"
    )
    assert one.figures == {"system": "tiny", "recordings": 2, "flags": 3, "kinds": {"language": 1, "loop": 2}}


def claim(**changes: object) -> Claim:
    said = {
        **{"model_id": "w", "variant": "base", "metric": "wer", "dataset": "LibriSpeech test-clean", "value": 5.0},
        **{"protocol": "greedy, Whisper's English text normaliser", "unit": "%", "stated_in": "a paper"},
    }
    return Claim(**{**said, **changes})  # type: ignore[arg-type]


FIGURE = Figure(WER, interval(cases([3, 2, 3, 2, 3, 2, 3, 2], [])), None)


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({}, "contradicted", "it was measured worse than claimed"),
        ({"value": 25.0}, "not contradicted", "it is inside the interval"),
        ({"value": 0.9, "unit": "ratio"}, "contradicted", "it was measured better than claimed"),
        ({"dataset": "AMI"}, "not comparable", "another dataset (AMI)"),
        ({"protocol": "none"}, "not comparable", "another protocol (none)"),
        ({"unit": "errors", "dataset": "AMI"}, "not comparable", "another dataset (AMI); another unit (errors)"),
    ],
)
def test_claims_are_judged_where_both_speak_of_the_same(changes: dict[str, object], verdict: str, reason: str) -> None:
    found = judged(claim(**changes), "librispeech_test_clean_v1", FIGURE)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_a_claim_without_an_interval_beside_it_is_left_open_and_others_models_are_left_alone() -> None:
    alone = Figure(WER, interval(cases([3], [])), None)
    assert judged(claim(), "librispeech_test_clean", alone).reason == "too few recordings for an interval"
    unsaid = replace(known([], []), by_measure={WER: {"base": [Case("c", Amounts(1.0, 0.0))]}})
    assert list(claimed(CALLS, stands(unsaid), [claim()], {("base", "asr", "wer"): ["w:base"]})) == []
    found = known(cases([3, 2, 3, 2, 3, 2], []), cases([3], []))
    models = {("base", "asr", "wer"): ["w:base"], ("tiny", "asr", "wer"): ["w:tiny"]}
    listed = list(claimed(CALLS, stands(found), [claim(), claim(metric="der"), claim(variant=None)], models))
    assert [(one.figures["system"], one.figures["claim"]["variant"]) for one in listed] == [
        *(("base", "base"), ("base", None), ("tiny", None))
    ]
    assert listed[0].statement.startswith(
        "The claim of w:base, wer 5 % on LibriSpeech test-clean, can't be held against 0.250 ["
    )
    assert listed[0].statement.endswith("(6 recordings) on calls: another dataset (LibriSpeech test-clean)")
    assert "claims.variant IS NOT DISTINCT FROM 'base'" in listed[0].query
    assert "claims.variant IS NOT DISTINCT FROM NULL" in listed[1].query
