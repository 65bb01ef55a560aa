"""Two systems beside each other: what they do differently, slices, cases that tell them apart. Exact, by hand."""

import pytest

from modellab.evaluation.comparison import Step, StepDifference, amounts_document, differing, paired_cases, verdicts
from modellab.evaluation.outcomes import CaseResult, Measure, Outcomes
from modellab.evaluation.standing import standing
from modellab.evaluation.wording import difference_text
from modellab.statistics.cases import Amounts, Case

WER = Measure("asr", "wer", "ratio", "lower", "n", "1")


def cases(*errors: float | None) -> list[Case]:
    """A case of ten words for each number of errors; the first three are quiet."""
    return [
        Case(f"c{place}", None if e is None else Amounts(e, 10.0), tags={"noise": "none" if place < 3 else "street"})
        for place, e in enumerate(errors)
    ]


def outcomes(a: list[Case], b: list[Case]) -> Outcomes:
    results = {
        (s, "asr", one.case_id): CaseResult(f"input of {one.case_id}", f"{s} {one.case_id}")
        for s, listed in (("a", a), ("b", b))
        for one in listed
    }
    return Outcomes("calls", "1", 6, {WER: {"a": a, "b": b}}, {}, {"a": ["m"], "b": ["m"]}, results)


def test_only_what_differs_is_told_step_by_step() -> None:
    vad = Step("vad", "silero:v6", "1", {"threshold": 0.5, "pad_s": 0.1})
    asr = Step("asr", "whisper:tiny", "4", {"beam_size": 5})
    others = [Step("vad", "silero:v6", "1", {"threshold": 0.9, "pad_s": 0.1}), Step("asr", "whisper:base", "5", {})]
    assert differing([vad, asr], [*others, Step("bundle", None, "1", {})]) == [
        StepDifference("vad", "threshold", 0.5, 0.9),
        StepDifference("asr", "model", "whisper:tiny", "whisper:base"),
        StepDifference("asr", "code_version", "4", "5"),
        StepDifference("asr", "beam_size", 5, None),
        StepDifference("bundle", "step", False, True),
    ]
    assert differing([vad, asr], [vad, asr]) == []


def test_the_slice_is_named_where_the_first_does_worst_against_the_second() -> None:
    found = outcomes(cases(0, 1, 0, 5, 4, 5), cases(1, 1, 1, 1, 1, 0))
    [verdict] = verdicts(found, standing(found, ["a", "b"]))
    assert [(one.tag, one.value, one.comparison.difference) for one in verdict.slices] == [
        ("noise", "none", pytest.approx(-2 / 30)),
        ("noise", "street", 0.4),
    ]
    assert verdict.worst is not None
    assert (verdict.worst.tag, verdict.worst.value, verdict.worst.comparison.n) == ("noise", "street", 3)
    document = verdict.document()
    assert document["sentence"] == verdict.sentence
    assert (document["metric"], document["worst_slice"]["value"], document["n"]) == ("wer", "street", 6)
    assert document["slices"][1]["difference"] == 0.4
    assert difference_text(verdict.versus.comparison, WER).startswith("+16.7 points [")


def test_cases_come_as_they_tell_apart_failures_first() -> None:
    found = outcomes(cases(0, 1, 7, None, 4, 9), cases(1, 1, 1, 1, 0, 9))
    [verdict] = verdicts(found, standing(found, ["a", "b"]))
    listed = paired_cases(found, verdict)
    assert [one.case_id for one in listed] == ["c3", "c2", "c4", "c0", "c5", "c1"]
    first, second = listed[:2]
    assert (first.a, first.b, first.input) == (None, Amounts(1, 10.0), "input of c3")
    assert second.fingerprints == ("a c2", "b c2")
    assert amounts_document(second.a) == {"value": 0.7, "numerator": 7, "denominator": 10.0}
    assert amounts_document(Amounts(2, 0)) == {"value": None, "numerator": 2, "denominator": 0}
    assert amounts_document(first.a) is None
