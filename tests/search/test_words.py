"""What a word is, and which words are the same."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.search.words import composed, folded, stems, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's 100%, isn't it?", ["It", "s", "100", "isn", "t", "it"]),
        ("snake_case", ["snake", "case"]),
        ("来年度の予算", list("来年度の予算")),
        ("예산은 내년", list("예산은내년")),
        ("カレー、2つ", ["カ", "レ", "ー", "2", "つ"]),
        ("นม", ["น", "ม"]),
        ("हिन्दी में।", ["हिन्दी", "में"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("... ?!", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert [spot.word for spot in words_of(text)] == words


@given(st.text())
def test_spots_are_where_the_words_stand_and_none_overlap(text: str) -> None:
    spots = list(words_of(composed(text)))
    assert all(composed(text)[spot.start : spot.end] == spot.word for spot in spots)
    assert all(one.end <= other.start for one, other in pairwise(spots))


@given(st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_case_and_form_make_no_other_word(word: str) -> None:
    once = folded(word)
    assert folded(once) == folded(folded(once))
    assert folded(unicodedata.normalize("NFD", word)) == once


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("Élan", "elan"),
        ("Straße", "strasse"),
        ("ＡＢＣ", "abc"),
        ("Łódź", "lodz"),
        ("שָׁלוֹם", "שלום"),
        ("が", "が"),
        ("İ", "i"),
    ],
)
def test_folding_takes_case_accents_and_width(word: str, plain: str) -> None:
    assert folded(word) == plain


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "budgets", "Budgeting"),
        ("en", "decisions", "decision"),
        ("de", "Häuser", "Haus"),
        ("de", "Verträge", "Vertrag"),
        ("fr", "économiques", "economique"),
        ("fr", "créées", "creees"),
        ("es", "canciones", "canción"),
        ("es", "reuniones", "REUNION"),
        ("it", "parlando", "parlare"),
        ("ru", "книги", "книга"),
        ("zh", "年", "年"),
        (None, "Élan", "elan"),
    ],
)
def test_words_that_are_the_same(language: str | None, one: str, other: str) -> None:
    assert any(a == b for a, b in zip(stems(one, language), stems(other, language), strict=True))


@pytest.mark.parametrize(("language", "one", "other"), [("en", "budget", "bud"), (None, "budgets", "budget")])
def test_words_that_are_not(language: str | None, one: str, other: str) -> None:
    assert not any(a == b for a, b in zip(stems(one, language), stems(other, language), strict=True))
