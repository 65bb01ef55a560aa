"""A text cut into what a voice says at once: nothing is lost, nothing is too long."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.text.spoken_pieces import LONGEST_CHARACTERS, spoken_pieces

SENTENCE = "The ferry leaves at seven, and nobody waits. "


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from([*"ab1 .,!?\n", "\n\n", "Dr. ", "“", "漢字。", "word ", SENTENCE, "x" * 250]), max_size=60
    ),
    st.sampled_from(["en", "de", "ja", "xx"]),
)
def test_every_letter_is_in_one_piece_in_order_and_none_is_too_long(parts: list[str], language: str) -> None:
    text = "".join(parts)
    pieces = spoken_pieces(text, language)
    assert letters("".join(pieces)) == letters(text)
    assert all(0 < len(piece) <= LONGEST_CHARACTERS and letters(piece) for piece in pieces)
    assert all(piece == " ".join(piece.split()) for piece in pieces)


def test_a_paragraph_that_fits_stays_whole_whatever_ends_in_it() -> None:
    text = "Dr. Hill moved in Jan. 2025.\nHe came back.\n\n***\n\nThe end?"
    assert spoken_pieces(text, "en") == ["Dr. Hill moved in Jan. 2025. He came back.", "The end?"]


def test_a_long_paragraph_is_cut_where_sentences_end() -> None:
    pieces = spoken_pieces(SENTENCE * 10, "en")
    assert [len(piece) for piece in pieces] == [45 * 6 - 1, 45 * 4 - 1]
    assert set(pieces) == {(SENTENCE * 6).strip(), (SENTENCE * 4).strip()}


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        (("a" * 99 + ", ") * 4, [201, 201]),
        ("word " * 100, [299, 199]),
        ("x" * 650, [300, 300, 50]),
        ("字" * 299 + "，" + "字" * 10, [300, 10]),
    ],
)
def test_a_long_sentence_is_cut_at_clauses_then_words_then_anywhere(text: str, lengths: list[int]) -> None:
    assert [len(piece) for piece in spoken_pieces(text, "zh")] == lengths


def test_a_comma_inside_a_number_parts_nothing() -> None:
    [first, second] = spoken_pieces("1,250 " * 60, "en")
    assert set(first.split()) | set(second.split()) == {"1,250"}
