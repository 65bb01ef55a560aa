"""Systems beside each other: figures, who failed, who beats whom, in words and as a document. Exact, by hand."""

import pytest

from modellab.evaluation.documents import standing_document
from modellab.evaluation.outcomes import Measure, Outcomes
from modellab.evaluation.standing import MAIN_METRICS, standing
from modellab.evaluation.wording import comparison_sentence, figure_text, many, no_figure
from modellab.metrics.suites import SUITES, suite
from modellab.statistics.cases import Amounts, Case
from modellab.statistics.comparing import compare, pair

WER = Measure("asr", "wer", "ratio", "lower", "whisper_english-1", "2+jiwer-4")
CER = Measure("asr", "cer", "ratio", "lower", "whisper_english-1", "2+jiwer-4")
MATCH = Measure("asr", "match", "ratio", "higher", "whisper_english-1", "2+jiwer-4")


def cases(*errors: float | None, words: float = 10.0) -> list[Case]:
    """A case for each number of errors; every second one is noisy."""
    return [
        Case(f"c{number}", None if e is None else Amounts(e, words), tags={"noise": "street" if number % 2 else "none"})
        for number, e in enumerate(errors)
    ]


def outcomes(**systems: list[Case]) -> Outcomes:
    return Outcomes(
        "calls",
        "1",
        8,
        {WER: systems, MATCH: {system: found[:1] for system, found in systems.items()}},
        {},
        {system: ["m1"] for system in systems},
    )


GOOD, BAD = cases(1, 1, 0, 1, 2, 1, 0, 1), cases(4, 5, 4, 6, 5, 4, 5, 4)


def test_figures_are_ratios_of_sums_and_the_worst_slice_is_named() -> None:
    [good, bad] = standing(outcomes(good=GOOD, bad=BAD), ["good", "bad"]).systems
    found = good.figure("wer")
    assert found is not None
    assert (found.interval.value, found.interval.n, found.interval.numerator) == (7 / 80, 8, 7)
    assert found.worst_slice is not None
    assert (found.worst_slice.tag, found.worst_slice.value, found.worst_slice.interval.value) == (
        "noise",
        "street",
        0.1,
    )
    assert [one.measure.metric for one in bad.figures] == ["wer", "match"]


def test_only_main_metrics_decide_and_every_pair_is_compared() -> None:
    found = standing(outcomes(good=GOOD, bad=BAD, other=BAD), ["good", "bad", "other"])
    assert [(measure.metric, one.a, one.b, one.comparison.verdict) for measure, one in found.comparisons] == [
        ("wer", "good", "bad", "better"),
        ("wer", "good", "other", "better"),
        ("wer", "bad", "other", "not separable"),
    ]
    assert found.main_measures == [WER]


def test_a_failed_case_counts_as_all_wrong_and_is_named() -> None:
    [half] = standing(outcomes(half=cases(0, 0, None, 0)), ["half"]).systems
    assert half.failed == ("c2",)
    figure = half.figure("wer")
    assert figure is not None
    assert (figure.interval.value, figure.interval.n, figure.interval.failed) == (0.25, 4, 1)


def test_a_system_without_any_result_is_there_and_hosts_that_differ_are_said() -> None:
    found = standing(
        Outcomes("calls", "1", 2, {WER: {"a": cases(1, 1)}}, {}, {"a": ["m1"], "b on cuda": ["m2"]}), ["a", "b", "c"]
    )
    assert [(one.system, one.cases) for one in found.systems] == [("a", 2), ("b on cuda", 0), ("c", 0)]
    assert found.hosts_differ


def test_verdicts_in_words_name_the_winner_the_points_and_the_recordings() -> None:
    [(_, versus)] = standing(outcomes(good=GOOD, bad=BAD), ["bad", "good"]).comparisons
    found = versus.comparison
    assert found.low is not None and found.high is not None
    assert comparison_sentence(versus, WER) == (
        f"good beats bad by 37.5 points [{found.low * 100:.1f}, {found.high * 100:.1f}],"
        f" p = {found.adjusted_p:.2g}, n = 8 recordings"
    )
    [(_, same)] = standing(outcomes(a=cases(1, 2), b=cases(2, 1)), ["a", "b"]).comparisons
    assert comparison_sentence(same, WER).startswith("a and b are not separable: +0.0 points [")
    [(_, alone)] = standing(outcomes(a=cases(1), b=cases(2)), ["a", "b"]).comparisons
    assert comparison_sentence(alone, WER) == "a and b are not separable: -10.0 points, n = 1 recording"


def test_a_figure_in_words_has_its_interval_where_there_is_one() -> None:
    [one] = standing(outcomes(one=cases(1)), ["one"]).systems
    assert figure_text(one.figures[0]) == "0.100"
    [none] = standing(outcomes(none=cases(3, words=0.0)), ["none"]).systems
    assert figure_text(none.figures[0]) == "-"


def test_no_interval_reaches_beyond_what_the_figure_can_be() -> None:
    """Of three recordings a logarithm or Student's t knows no limits; a precision does, WER only one."""
    precision = Measure("vad", "vad_precision", "ratio", "higher", "frames of 10 ms", "1")
    for measure, figures in (
        (precision, ("0.700 [0.000, 0.943]", "0.267 [0.038, 1.000]")),
        (WER, ("0.700 [0.000, 0.943]", "0.267 [0.038, >1]")),
    ):
        systems = {"much": cases(9, 5, 7), "little": cases(1, 5, 2)}
        found = standing(Outcomes("d", "1", 3, {measure: systems}, {}, {name: ["m"] for name in systems}), [*systems])
        assert tuple(figure_text(one.figures[0]) for one in found.systems) == figures
        for one in found.systems:
            for each in (one.figures[0].interval, getattr(one.figures[0].worst_slice, "interval", None)):
                assert each is None or (each.low >= 0 and (each.high <= 1 or measure == WER))


def test_the_document_has_what_is_promised() -> None:
    found = standing_document(standing(outcomes(good=GOOD, bad=BAD), ["good", "bad"]), {})
    assert (found["dataset"], found["version"], found["cases"]) == ("calls", "1", 8)
    wer = found["systems"][0]["metrics"]["wer"]
    assert {name: wer[name] for name in ("value", "numerator", "denominator", "unit", "n")} == {
        **{"value": 0.0875, "numerator": 7.0, "denominator": 80.0, "unit": "ratio", "n": 8},
    }
    assert wer["low"] < 0.0875 < wer["high"]
    [compared] = found["comparisons"]
    expected = compare(pair(GOOD, BAD))
    assert {name: compared[name] for name in ("a", "b", "metric", "verdict", "n")} == {
        **{"a": "good", "b": "bad", "metric": "wer", "verdict": "better", "n": 8},
    }
    assert [compared[name] for name in ("difference", "low", "high", "p")] == [
        *(expected.difference, expected.low, expected.high, expected.p)
    ]


def test_the_metrics_that_decide_are_metrics_that_suites_give() -> None:
    assert set(MAIN_METRICS) <= {metric for name in SUITES for metric in suite(name).METRICS}


@pytest.mark.parametrize("metric", ["wer", "cer"])
def test_measures_of_two_steps_do_not_hide_each_other(metric: str) -> None:
    measures = [Measure(step, metric, "ratio", "lower", "n", "1") for step in ("asr", "other")]
    found = Outcomes("d", "1", 1, {measure: {"a": cases(1)} for measure in measures}, {}, {"a": []})
    document = standing_document(standing(found, ["a"]), {})
    assert sorted(document["systems"][0]["metrics"]) == [f"{metric} of asr (n)", f"{metric} of other (n)"]


def test_a_case_without_a_figure_is_told_with_what_that_means() -> None:
    assert no_figure("a", "c2") == "a has no figure of c2: in an error rate it counts as all wrong"


@pytest.mark.parametrize(
    ("count", "said"),
    [(7, "some 7"), (120, "some 120"), (749, "some 750"), (23639, "some 24,000"), (15607927, "over 100,000")],
)
def test_an_estimate_of_cases_has_two_digits(count: int, said: str) -> None:
    assert many(count) == said
