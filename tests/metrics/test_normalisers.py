"""What each named normaliser makes equal, and what it keeps apart."""

import pytest

from modellab.errors import UnknownName
from modellab.metrics.normalisers import NAMES, language_normaliser, named, normaliser_for


@pytest.mark.parametrize(
    ("name", "text", "normal"),
    [
        ("none", " The  cat's  20. ", "The cat's 20."),
        ("basic", "Über 20 Äpfel, d'un!", "über 20 äpfel d un"),
        ("basic_marks", "मैं हूँ।", "मैं हूँ"),
        ("basic_unspaced", "你好， 世界。", "你好世界"),
        ("basic_marks_unspaced", "ไม่ มี", "ไม่มี"),
        ("english", "We can't, um, owe twenty-one dollars; colour", "we can not owe $21 color"),
        ("language_de", "Einundzwanzig Gleise, 1.000 Züge, 3,5 Prozent", "21 gleise 1000 züge 3 5 prozent"),
        ("language_es", "Veintiún días y 1.000 noches", "21 días y 1000 noches"),
        ("language_fr", "L'été, vingt-deux euros", "l été 22 euros"),
        ("language_it", "ventuno mele", "21 mele"),
        ("language_nl", "eenentwintig appels", "21 appels"),
        ("language_pt", "vinte e um carros", "21 carros"),
        ("language_ru", "Ещё  раз!", "еще раз"),
        ("language_ar", "أَهلاً ٢٠", "اهلا 20"),
        ("language_zh", "二十一 个。", "21个"),
    ],
)
def test_a_text_in_the_form_in_which_it_is_compared(name: str, text: str, normal: str) -> None:
    assert named(name).apply(text) == normal


def test_every_normaliser_has_a_name_of_its_own_gives_nothing_of_nothing_and_leaves_its_own_form_as_it_is() -> None:
    for name in NAMES:
        normaliser = named(name)
        assert normaliser.apply("") == normaliser.apply(" \n") == ""
        once = normaliser.apply("Ein Text, mit 2 Teilen und a word. 一个")
        assert normaliser.apply(once) == once, name
    assert len({named(name).name for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize(
    ("language", "usual", "own"),
    [
        ("en-GB", "english", None),
        ("fr", "basic", "language_fr"),
        ("pl", "basic", None),
        (None, "basic", None),
        ("hi_IN", "basic_marks", None),
        ("th", "basic_marks_unspaced", None),
        ("zh-CN", "basic_unspaced", "language_zh"),
    ],
)
def test_a_language_has_whispers_normaliser_and_one_that_knows_it_where_a_library_has_one(
    language: str | None, usual: str, own: str | None
) -> None:
    assert normaliser_for(language) is named(usual)
    assert language_normaliser(language) is (named(own) if own else None)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="english"):
        named("englisch")


def test_whispers_basic_form_would_make_different_thai_words_equal() -> None:
    assert named("basic_unspaced").apply("ไม่มี") == named("basic_unspaced").apply("ไมม")
    assert named("basic_marks_unspaced").apply("ไม่มี") != named("basic_marks_unspaced").apply("ไมม")
