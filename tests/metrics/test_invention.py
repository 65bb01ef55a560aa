"""Invented words: exact small cases, and frames counted one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.datasets.reference import Reference
from modellab.metrics.invention import COLLAR_S, invented_words
from modellab.metrics.suites import hallucination as suite
from modellab.surfaces.results import Segment, Transcript, Turn, Utterance, Word


def transcript(*spans: tuple[float, float], duration_s: float = 60.0) -> Transcript:
    words = [Word("word", start_s, end_s) for start_s, end_s in spans]
    return Transcript([Utterance(0.0, duration_s, "word", words)] if words else [], duration_s, "en")


SAID = transcript((1.0, 1.5), (9.0, 9.4), (10.2, 10.9), (11.0, 11.4), (40.0, 41.0))


def components(reference: Reference, heard: Transcript = SAID) -> dict[str, float]:
    [score] = suite.scores(reference, heard)
    assert score.metric.name == suite.METRICS[0]
    return dict(score.components)


def test_words_that_touch_no_speech_per_minute_without_any() -> None:
    reference = Reference(speech=[Segment(10.0, 10.5), Segment(20.0, 29.0)])
    # 60 s less 1.5 s and 10 s; the word at 9.0 ends before the collar begins, that at 11.0 begins where it ends.
    assert components(reference) == {"invented_words": 4, "quiet_min": pytest.approx(48.5 / 60), "words": 5}
    [score] = suite.scores(reference, SAID)
    assert score.value == pytest.approx(4 / (48.5 / 60))
    assert (score + score).value == pytest.approx(score.value)


def test_words_that_a_model_gives_no_length_are_where_they_begin() -> None:
    heard = transcript((10.2, 10.2), (9.5, 9.5), (9.4, 9.4), (11.0, 11.0), (30.0, 30.0))
    assert components(Reference(speech=[Segment(10.0, 10.5)]), heard)["invented_words"] == 4


def test_where_nothing_is_said_every_word_is_invented() -> None:
    everything = {"invented_words": 5, "quiet_min": 1.0, "words": 5}
    assert components(Reference(speech=[])) == everything
    assert components(Reference(turns=[])) == everything
    assert components(Reference(text=" ")) == everything
    assert components(Reference(text=""), Transcript([], 30.0)) == {"invented_words": 0, "quiet_min": 0.5, "words": 0}


def test_turns_will_do_and_only_what_is_evaluated_counts() -> None:
    turns = [Turn(9.0, 11.0, "a"), Turn(10.0, 50.0, "b")]
    assert components(Reference(turns=turns)) == {"invented_words": 1, "quiet_min": pytest.approx(18 / 60), "words": 5}
    evaluated = [Segment(0.0, 2.0), Segment(39.0, 60.0)]
    found = components(Reference(turns=turns, evaluated=evaluated))
    assert found == {"invented_words": 1, "quiet_min": pytest.approx(11.5 / 60), "words": 2}


def test_nobody_knows_where_there_is_speech() -> None:
    assert suite.scores(Reference(text="so it is"), SAID) == []
    assert suite.scores(Reference(), SAID) == []


def test_what_has_no_times_is_a_score_with_an_error() -> None:
    [score] = suite.scores(Reference(speech=[]), Transcript([Utterance(0.0, 9.0, "no times")], 9.0, "en"))
    assert (score.error, score.value) == ("the transcript has no times of words", None)
    [score] = suite.scores(Reference(speech=[]), transcript((2.0, 1.0)))
    assert score.error == "word 1 of 1 ends before it begins: 2 to 1 s"


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda s: (s[0] / 2, (s[0] + s[1]) / 2)), max_size=8
)


@given(SPANS, SPANS)
def test_it_is_what_counting_half_seconds_gives(
    words: list[tuple[float, float]], speech: list[tuple[float, float]]
) -> None:
    loud = {half for start_s, end_s in speech for half in range(int(start_s * 2) - 1, int(end_s * 2) + 1)}
    quiet = [half for half in range(60) if half not in loud]
    alone = [span for span in words if loud.isdisjoint(range(int(span[0] * 2), int(span[1] * 2)))]
    assert COLLAR_S == 0.5
    score = invented_words(
        [Word("so", *span) for span in words], [Segment(*span) for span in speech], evaluated=[Segment(0.0, 30.0)]
    )
    assert score["invented_words"] == len(alone)
    assert score["quiet_min"] == pytest.approx(len(quiet) / 120)
