"""Times of words that were heard right, and from tokens back to the words that were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modellab.datasets.reference import Reference
from modellab.metrics.normalisers import named
from modellab.metrics.placing import placed
from modellab.metrics.suites.asr import scores
from modellab.metrics.word_times import time_errors, word_time_scores
from modellab.surfaces.results import Segment, Transcript, Utterance, Word

ENGLISH = named("english")


def words(*given: tuple[str, float, float]) -> list[Word]:
    return [Word(*one) for one in given]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twenty one dollars left", [("$21", "twenty one dollars"), ("left", "left")]),
        ("I can't, um, go", [("i", "I"), ("can", "can't,"), ("not", "can't,"), ("go", "go")]),
        ("two and a half million", [("2500000", "two and a half million")]),
        ("um uh", []),
    ],
)
def test_a_token_rests_on_the_words_it_was_made_of(text: str, expected: list[tuple[str, str]]) -> None:
    spoken = text.split()
    found = placed(spoken, ENGLISH)
    rests = [" ".join(spoken[place.start : place.stop]) for place in found.words]
    assert list(zip(found.tokens, rests, strict=True)) == expected


@given(some.lists(some.sampled_from(["one", "twenty", "and", "a", "half", "can't", "um", "$", "5", "point", "Mr."])))
def test_tokens_are_those_of_the_text_and_rest_on_words_in_order(spoken: list[str]) -> None:
    found = placed(spoken, ENGLISH)
    assert found.tokens == ENGLISH.tokens(" ".join(spoken))
    ends = 0
    for place in found.words:
        assert not place or (place.start >= max(0, ends - 1) and place.stop <= len(spoken))
        ends = place.stop if place else ends


def test_starts_and_ends_are_compared_where_they_are_known() -> None:
    reference = words(
        ("He", 0.0, 0.4), ("can't", 0.5, 1.0), ("pay", 1.0, 1.5), ("twenty", 1.5, 2.0), ("one.", 2.0, 2.5)
    )
    heard = words(("he", 0.05, 0.5), ("can", 0.6, 0.8), ("not", 0.8, 1.0), ("say", 1.0, 1.5), ("21", 1.5, 2.8))
    errors = time_errors(reference, heard, ENGLISH)
    # he; can (its start), not (its end); 21, made of two words.
    assert errors.start_s == pytest.approx([0.05, 0.1, 0.0])
    assert errors.end_s == pytest.approx([0.1, 0.0, 0.3])
    found = {score.metric.name: score for score in word_time_scores(errors, ENGLISH)}
    assert found["word_start_error"].value == pytest.approx(0.05) and found["word_start_error"]["words"] == 3
    assert found["word_end_error"].value == pytest.approx(0.1)
    within = [found[f"word_times_within_{ms}_ms"] for ms in (50, 100, 200)]
    assert [(score["within"], score["boundaries"]) for score in within] == [(3, 6), (5, 6), (5, 6)]


def test_words_written_without_a_space_are_one_and_characters_of_a_word_share_its_times() -> None:
    reference = words(("well-known", 0.0, 1.0))
    heard = [Word("well", 0.1, 0.4), Word("-known", 0.4, 0.9, space_before=False)]
    assert [[*errors] for errors in time_errors(reference, heard, ENGLISH)] == [
        pytest.approx([0.1]),
        pytest.approx([0.1]),
    ]
    chinese = named("basic_unspaced")
    heard = [Word("你", 0.0, 0.4), Word("好", 0.5, 1.1, space_before=False)]
    assert [[*errors] for errors in time_errors(words(("你好", 0.0, 1.0)), heard, chinese)] == [
        pytest.approx([0.0]),
        pytest.approx([0.1]),
    ]


def test_a_result_without_times_or_without_a_right_word_has_failed_and_says_why() -> None:
    reference = Reference("en", "a word", words=words(("a", 0.0, 0.5), ("word", 0.5, 1.0)))
    untimed = scores(reference, Transcript([Utterance(0.0, 1.0, "a word")], 1.0))
    errors = {score.metric.name: score.error for score in untimed if score.error}
    assert set(errors.values()) == {"the transcript has no times of words"} and len(errors) == 5
    endless = Transcript([Utterance(0.0, 1.0, "a", words(("a", 0.0, float("inf"))))], 1.0)
    errors = {score.metric.name: score.error for score in scores(reference, endless) if score.error}
    assert len(errors) == 5 and all("no number" in str(error) for error in errors.values())
    silent = {score.metric.name: score for score in scores(reference, Transcript([], 1.0))}
    assert silent["word_start_error"].error is not None
    assert silent["word_times_within_50_ms"].components == {"within": 0, "boundaries": 0}
    assert "word_start_error" not in {score.metric.name for score in scores(Reference("en", "a"), Transcript([], 1.0))}


def test_only_words_of_the_scored_part_count() -> None:
    said = words(("a", 0.0, 1.0), ("b", 1.0, 2.0), ("c", 2.0, 3.0))
    reference = Reference("fr", words=said, evaluated=[Segment(1.0, 3.0)])
    found = scores(reference, Transcript([Utterance(0.0, 3.0, "a b c", said)], 3.0))
    by_name = {score.metric.name: score for score in found}
    assert by_name["wer"]["length"] == 2
    assert by_name["word_start_error"]["words"] == 2
