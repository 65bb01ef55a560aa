"""The VAD suite: exact small cases, pyannote.metrics called directly, and frames counted one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Span
from pyannote.metrics.detection import DetectionErrorRate, DetectionPrecision, DetectionRecall

from modellab.datasets.reference import Reference
from modellab.metrics.detection import detection_error, detection_rates, frame_counts
from modellab.metrics.score import Score
from modellab.metrics.suites import vad as suite
from modellab.surfaces.results import Segment, SpeechSegments, Turn

KNOWN = [Segment(1.0, 3.0), Segment(5.0, 6.0)]
FOUND = SpeechSegments([Segment(1.5, 3.25), Segment(8.0, 8.5)], 10.0)


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric.name: score for score in scores}


def test_a_case_whose_figures_can_be_counted_on_fingers() -> None:
    scores = by_name(suite.scores(Reference(speech=KNOWN), FOUND))
    assert tuple(scores) == suite.METRICS == tuple(metric.name for metric in detection_rates())
    assert {name: dict(score.components) for name, score in scores.items()} == {
        "detection_error": {"missed_s": 1.5, "false_alarm_s": 0.75, "speech_s": 3.0, "quiet_s": 7.0},
        "vad_missed": {"missed_s": 1.5, "speech_s": 3.0},
        "vad_false_alarm": {"false_alarm_s": 0.75, "quiet_s": 7.0},
        "vad_precision": {"hit_frames": 150, "false_alarm_frames": 75},
        "vad_recall": {"hit_frames": 150, "missed_frames": 150},
    }
    assert {name: score.value for name, score in scores.items()} == {
        **{"detection_error": 0.75, "vad_missed": 0.5, "vad_false_alarm": 0.75 / 7},
        **{"vad_precision": 150 / 225, "vad_recall": 0.5},
    }


def test_only_the_evaluated_region_counts() -> None:
    scores = by_name(suite.scores(Reference(speech=KNOWN, evaluated=[Segment(2.0, 5.5)]), FOUND))
    assert dict(scores["detection_error"].components) == {
        **{"missed_s": 0.5, "false_alarm_s": 0.25, "speech_s": 1.5, "quiet_s": 2.0}
    }
    assert (scores["vad_precision"].value, scores["vad_recall"].value) == (100 / 125, 100 / 150)


def test_where_turns_are_known_there_is_speech_where_anybody_speaks() -> None:
    turns = [Turn(1.0, 2.5, "a"), Turn(2.0, 3.0, "b"), Turn(5.0, 6.0, "a")]
    assert suite.scores(Reference(turns=turns), FOUND) == suite.scores(Reference(speech=KNOWN), FOUND)
    assert suite.scores(Reference(text="words alone"), FOUND) == []
    # What is known of speech goes before what turns say.
    assert suite.scores(Reference(turns=[], speech=KNOWN), FOUND) == suite.scores(Reference(speech=KNOWN), FOUND)


def test_silence_has_false_alarms_and_no_rate_of_error() -> None:
    scores = by_name(suite.scores(Reference(speech=[]), FOUND))
    assert (scores["detection_error"].value, scores["detection_error"]["false_alarm_s"]) == (None, 2.25)
    assert scores["vad_false_alarm"].value == 0.225
    assert (scores["vad_missed"].value, scores["vad_precision"].value, scores["vad_recall"].value) == (None, 0.0, None)
    quiet = by_name(suite.scores(Reference(speech=KNOWN), SpeechSegments([], 10.0)))
    assert (quiet["detection_error"].value, quiet["vad_recall"].value, quiet["vad_precision"].value) == (1.0, 0.0, None)
    assert {score.value for score in suite.scores(Reference(speech=[]), SpeechSegments([], 0.0))} == {None}


def test_a_segment_that_ends_before_it_begins_fails_every_figure() -> None:
    scores = suite.scores(Reference(speech=KNOWN), SpeechSegments([Segment(2.0, 1.0)], 10.0))
    assert [score.metric for score in scores] == detection_rates()
    assert {score.error for score in scores} == {"segment 1 of 1 ends before it begins: 2 to 1 s"}


SPANS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=8).map(
    lambda pairs: [Segment(start / 100, (start + length) / 100) for start, length in pairs]
)
REGIONS = st.sampled_from([[Segment(0.0, 3.6)], [Segment(0.5, 1.25), Segment(2.0, 3.0)]])


def as_annotation(spans: list[Segment]) -> Annotation:
    return Annotation.from_records((Span(one.start_s, one.end_s), n, "speech") for n, one in enumerate(spans))


@settings(max_examples=80, deadline=None)
@given(SPANS, SPANS, REGIONS)
def test_figures_are_those_of_pyannote_called_directly(
    known: list[Segment], found: list[Segment], evaluated: list[Segment]
) -> None:
    region = Timeline([Span(one.start_s, one.end_s) for one in evaluated])
    reference, hypothesis = as_annotation(known), as_annotation(found)
    ours = detection_error(known, found, evaluated=evaluated)
    theirs = DetectionErrorRate()(reference, hypothesis, uem=region, detailed=True)
    assert [ours["missed_s"], ours["false_alarm_s"], ours["speech_s"]] == pytest.approx(
        [theirs["miss"], theirs["false alarm"], theirs["total"]], abs=1e-9
    )
    # All edges lie between frames' middles, so frames and seconds say the same.
    hits, missed, false_alarms = frame_counts(known, found, evaluated=evaluated)
    if hits + false_alarms:
        precision = DetectionPrecision()(reference, hypothesis, uem=region)
        assert hits / (hits + false_alarms) == pytest.approx(precision, abs=1e-9)
    if hits + missed:
        recall = DetectionRecall()(reference, hypothesis, uem=region)
        assert hits / (hits + missed) == pytest.approx(recall, abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(*[st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), max_size=6)] * 2, st.floats(0.001, 2.5))
def test_frames_are_those_that_counting_one_by_one_gives(
    known: list[tuple[float, float]], found: list[tuple[float, float]], end_s: float
) -> None:
    spans = [[Segment(start, start + length) for start, length in pairs] for pairs in (known, found)]

    def inside(segments: list[Segment], time_s: float) -> bool:
        return any(one.start_s <= time_s < one.end_s for one in segments)

    middles = [(frame + 0.5) * 0.01 for frame in range(300) if (frame + 0.5) * 0.01 < end_s]
    verdicts = [(inside(spans[0], time_s), inside(spans[1], time_s)) for time_s in middles]
    expected = tuple(verdicts.count(kind) for kind in ((True, True), (True, False), (False, True)))
    assert frame_counts(*spans, evaluated=[Segment(0.0, end_s)]) == expected
