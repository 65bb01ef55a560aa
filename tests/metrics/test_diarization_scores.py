"""The diarization suite: exact small cases, pyannote.metrics called directly, and a count of seconds one by one."""

import math
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Span
from pyannote.metrics import diarization as pyannote

from modellab.datasets.reference import Reference
from modellab.metrics.diarization import diarization_error, diarization_rates, diarization_scores
from modellab.metrics.score import Score
from modellab.metrics.suites import diarization as suite
from modellab.surfaces.results import Diarization, Segment, Turn

REFERENCE = Reference(turns=[Turn(0.0, 10.0, "ann"), Turn(8.0, 20.0, "bob")])
FOUND = Diarization([Turn(0.0, 12.0, "x"), Turn(12.0, 19.0, "y"), Turn(21.0, 22.0, "y")], 25.0)


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric.name: score for score in scores}


def test_a_case_whose_figures_can_be_counted_on_fingers() -> None:
    scores = by_name(suite.scores(REFERENCE, FOUND))
    assert tuple(scores) == suite.METRICS
    assert {name: (score.numerator, score.denominator) for name, score in scores.items()} == {
        "der": (6.0, 22.0),
        "der_missed": (3.0, 22.0),
        "der_false_alarm": (1.0, 22.0),
        "der_confusion": (2.0, 22.0),
        # 0.25-7.75 and 10.25-19.75 are scored: 1.75 s are bob's given to x, 0.75 s missed; 21-22 is false alarm.
        "der_lenient": (3.5, 17.0),
        # ann: 10 of the 12 s of ann and x; bob: 7 of the 13 s of bob and y.
        "jer": (pytest.approx(2 / 12 + 6 / 13), 2.0),
        "speaker_count_error": (0, 1),
        "speaker_purity": (17.0, 20.0),
        "speaker_coverage": (17.0, 22.0),
    }


def test_the_suite_gives_the_metrics_it_names_in_every_case() -> None:
    assert tuple(metric.name for metric in diarization_rates()) == suite.METRICS
    assert [score.metric for score in suite.scores(REFERENCE, FOUND)] == diarization_rates()
    assert suite.scores(Reference(text="words alone"), FOUND) == []


def test_only_the_evaluated_region_counts_for_every_figure() -> None:
    first = Reference(turns=REFERENCE.turns, evaluated=[Segment(0.0, 8.0)])
    extra = Diarization([*FOUND.turns, Turn(23.0, 24.0, "z")], 25.0)
    scores = by_name(suite.scores(first, extra))
    assert {name: score.value for name, score in scores.items()} == {
        **dict.fromkeys(("der", "der_missed", "der_false_alarm", "der_confusion", "der_lenient", "jer"), 0.0),
        **{"speaker_count_error": 0.0, "speaker_purity": 1.0, "speaker_coverage": 1.0},
    }
    counted = by_name(suite.scores(REFERENCE, extra))["speaker_count_error"]
    assert dict(counted.components) == {"difference": 1, "recordings": 1, "speakers_found": 3, "speakers": 2}


def test_speech_found_in_a_silent_recording_is_counted_and_has_no_rate() -> None:
    scores = by_name(suite.scores(Reference(turns=[]), FOUND))
    assert (scores["der"].value, scores["der"]["false_alarm_s"]) == (None, 20.0)
    assert (scores["jer"].value, scores["speaker_coverage"].value) == (None, None)
    assert (scores["speaker_purity"].value, scores["speaker_count_error"].value) == (0.0, 2.0)
    with_speech = scores["der"] + by_name(suite.scores(REFERENCE, FOUND))["der"]
    assert with_speech.value == pytest.approx(26 / 22)


def test_a_diarization_that_found_nobody_is_all_missed_and_has_no_purity() -> None:
    scores = by_name(suite.scores(REFERENCE, Diarization([], 25.0)))
    assert {name: scores[name].value for name in ("der", "der_missed", "der_lenient", "jer")} == {
        **{"der": 1.0, "der_missed": 1.0, "der_lenient": 1.0, "jer": 1.0}
    }
    assert (scores["speaker_purity"].value, scores["speaker_coverage"].value) == (None, 0.0)
    assert scores["speaker_count_error"].value == 2.0


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(3.0, 2.0, "x"), "turn 2 of 2 ends before it begins: 3 to 2 s"),
        (Turn(math.nan, 2.0, "x"), "turn 2 of 2 has a time that is no number: nan to 2.0 s"),
        (Turn(1.0, math.inf, "x"), "turn 2 of 2 has a time that is no number: 1.0 to inf s"),
    ],
)
def test_turns_that_are_none_make_every_figure_a_failure_that_says_why(turn: Turn, said: str) -> None:
    scores = suite.scores(REFERENCE, Diarization([Turn(0.0, 1.0, "x"), turn], 25.0))
    assert [score.metric for score in scores] == diarization_rates()
    assert {score.error for score in scores} == {said}


def test_a_speaker_is_never_two_at_once() -> None:
    twice = [Turn(0.0, 6.0, "ann"), Turn(4.0, 10.0, "ann"), Turn(1.0, 2.0, "ann")]
    once, whole = [Turn(0.0, 10.0, "ann")], [Segment(0.0, 10.0)]
    assert diarization_error(twice, once, evaluated=whole)["total_s"] == 10.0
    assert diarization_error(once, twice, evaluated=whole).numerator == 0.0
    assert diarization_error(twice, once, evaluated=whole, skip_overlap=True)["total_s"] == 10.0


def test_jer_over_recordings_is_the_mean_over_their_speakers_and_purity_weighs_by_speech() -> None:
    whole = [Segment(0.0, 100.0)]
    short = by_name(diarization_scores([Turn(0, 1, "a")], [Turn(0, 1, "x")], evaluated=whole))
    long = by_name(
        diarization_scores(
            [Turn(0, 30, "a"), Turn(30, 40, "b"), Turn(40, 50, "c")], [Turn(0, 50, "x")], evaluated=whole
        )
    )
    assert (long["jer"].value, long["speaker_purity"].value) == (pytest.approx((0.4 + 1 + 1) / 3), 0.6)
    assert (short["jer"] + long["jer"]).value == pytest.approx((0.0 + 0.4 + 1 + 1) / 4)
    assert (short["speaker_purity"] + long["speaker_purity"]).value == 31 / 51


@st.composite
def turns_of(draw: st.DrawFn, labels: str) -> list[Turn]:
    """Turns on a grid of whole seconds, in which no speaker overlaps or touches itself."""
    turns = []
    for label in labels:
        edges = sorted(draw(st.sets(st.integers(0, 40), max_size=8)))
        turns += [Turn(float(a), float(b), label) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return sorted(turns, key=lambda turn: turn.start_s)


CASES = st.tuples(
    turns_of("abc"),
    turns_of("wxyz"),
    st.sampled_from([[Segment(0.0, 40.0)], [Segment(3.0, 20.0), Segment(25.0, 37.0)], [Segment(10.5, 11.0)]]),
)


def as_annotation(turns: list[Turn]) -> Any:
    return Annotation.from_records((Span(turn.start_s, turn.end_s), n, turn.speaker) for n, turn in enumerate(turns))


@settings(max_examples=80, deadline=None)
@given(CASES)
def test_all_figures_are_those_of_pyannote_called_directly(case: tuple[list[Turn], list[Turn], list[Segment]]) -> None:
    known, found, evaluated = case
    scores = by_name(diarization_scores(known, found, evaluated=evaluated))
    region = Timeline([Span(segment.start_s, segment.end_s) for segment in evaluated])
    reference, hypothesis = as_annotation(known), as_annotation(found)

    strict = pyannote.DiarizationErrorRate()(reference, hypothesis, uem=region, detailed=True)
    for component, theirs in (
        *(("total_s", "total"), ("missed_s", "missed detection")),
        *(("false_alarm_s", "false alarm"), ("confusion_s", "confusion")),
    ):
        assert scores["der"][component] == pytest.approx(strict[theirs], abs=1e-9)
    lenient = pyannote.DiarizationErrorRate(collar=0.5, skip_overlap=True)
    jaccard = pyannote.JaccardErrorRate()
    count = pyannote.DiarizationSpeakerCountError()
    cropped = reference.crop(region), hypothesis.crop(region)
    agreements = (
        ("der", strict["diarization error rate"]),
        ("der_lenient", lenient(reference, hypothesis, uem=region)),
        ("jer", jaccard(reference, hypothesis, uem=region)),
        ("speaker_count_error", count(reference, hypothesis, uem=region)),
        ("speaker_purity", pyannote.DiarizationPurity()(*cropped, uem=region)),
        ("speaker_coverage", pyannote.DiarizationCoverage()(*cropped, uem=region)),
    )
    for name, theirs in agreements:
        # Where nothing is below the line, pyannote says 0 or 1.
        assert scores[name].value is None or scores[name].value == pytest.approx(theirs, abs=1e-9), name
    parts = [scores[name].value for name in ("der_missed", "der_false_alarm", "der_confusion")]
    assert scores["der"].value is None or scores["der"].value == pytest.approx(sum(part or 0.0 for part in parts))


@settings(max_examples=60, deadline=None)
@given(turns_of("abc"), turns_of("xyz"))
def test_der_is_what_counting_every_second_under_every_mapping_gives(known: list[Turn], found: list[Turn]) -> None:
    """A slower oracle without pyannote: of all ways to pair speakers, the one with the fewest wrong seconds."""

    def seconds(turns: list[Turn], second: int) -> set[str]:
        return {turn.speaker for turn in turns if turn.start_s <= second < turn.end_s}

    rows = [(seconds(known, second), seconds(found, second)) for second in range(40)]
    error = diarization_error(known, found, evaluated=[Segment(0.0, 40.0)])
    assert error["total_s"] == sum(len(reference) for reference, _ in rows)
    assert error["missed_s"] == sum(max(0, len(r) - len(f)) for r, f in rows)
    assert error["false_alarm_s"] == sum(max(0, len(f) - len(r)) for r, f in rows)
    confused = min(
        sum(min(len(r), len(f)) - len(r & {mapping[one] for one in f}) for r, f in rows)
        for mapping in (dict(zip("xyz", order, strict=True)) for order in permutations("abc"))
    )
    assert error["confusion_s"] == pytest.approx(confused, abs=1e-9)
