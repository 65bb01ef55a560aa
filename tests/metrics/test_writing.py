"""Punctuation and case of words that were heard right, counted exactly."""

import pytest

from modellab.metrics.score import Score
from modellab.metrics.writing import WrittenWord, writing_errors, written_words


def scored(reference: str, hypothesis: str) -> dict[str, Score]:
    return {score.metric.name: score for score in writing_errors(reference, hypothesis)}


def test_words_and_the_marks_after_them() -> None:
    assert written_words("“Well-known,” (he coughs) said Dr. O'Neil ... 世界。 - why?!") == [
        WrittenWord("well", "Well", ""),
        WrittenWord("known", "known", ","),
        WrittenWord("said", "said", ""),
        WrittenWord("dr", "Dr", "."),
        WrittenWord("oneil", "ONeil", "…"),
        WrittenWord("世界", "世界", "."),
        WrittenWord("why", "why", "?!"),
    ]


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("Yes, he is. Is he?", "Yes, he is. Is he?", (0, 0, 0, 3)),
        ("Yes, he is. Is he?", "Yes he is, is he?", (1, 1, 0, 1)),
        ("yes he is.", "yes, he is.", (0, 0, 1, 1)),
        ("He came. She went.", "he came she bent.", (0, 1, 0, 0)),
        ("你好 世界。", "你好 世界.", (0, 0, 0, 1)),
        ("a, b", "", (0, 0, 0, 0)),
    ],
)
def test_punctuation(reference: str, hypothesis: str, expected: tuple[int, int, int, int]) -> None:
    score = scored(reference, hypothesis)["punctuation_error"]
    assert tuple(score[name] for name in ("substitutions", "deletions", "insertions", "hits")) == expected
    assert score.denominator == sum(expected)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("The NASA man said so", "the Nasa man said So", (3, 5)),
        ("The man", "a Man", (1, 1)),
        ("Straße und Weg", "STRASSE und weg", (2, 3)),
    ],
)
def test_case(reference: str, hypothesis: str, expected: tuple[int, int]) -> None:
    score = scored(reference, hypothesis)["case_error"]
    assert (score["wrong_case"], score["words"]) == expected


@pytest.mark.parametrize("reference", ["the cat sat", "THE CAT SAT", "", "12 34"])
def test_a_reference_without_case_or_marks_has_neither_score(reference: str) -> None:
    assert scored(reference, "The cat, sat.") == {}
