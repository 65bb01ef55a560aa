"""Words in the audio's time: estimated where the model gives none, and marked so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.speech.pieces import Piece
from modellab.speech.word_times import estimated, split_words
from modellab.surfaces.results import Segment, Utterance, Word

PIECE = Piece(((0, 400), (600, 1000)), 100)
"""0-4 s and 6-10 s of the audio, heard as eight seconds in one go."""
SPEECH = [Segment(1, 3), Segment(7, 9)]
"""Of which two times two seconds are speech."""


def test_words_share_the_speech_without_its_pauses_by_their_letters() -> None:
    (found,) = estimated(PIECE, " One, two three a seven. ", SPEECH)  # 3 + 3 + 5 + 1 + 5 = 17 letters over 4 s
    assert found.text == "One, two three a seven."
    assert (found.start_s, found.end_s) == (1.0, 9.0)
    each = 4 / 17
    assert [(word.text, word.start_s, word.end_s) for word in found.words] == [
        ("One,", 1.0, pytest.approx(1 + 3 * each)),
        ("two", pytest.approx(1 + 3 * each), pytest.approx(1 + 6 * each)),
        (
            "three",
            7.0,
            pytest.approx(7 + 11 * each - 2),
        ),  # its middle is at exactly half of the speech: the next begins
        ("a", pytest.approx(7 + 11 * each - 2), pytest.approx(7 + 12 * each - 2)),
        ("seven.", pytest.approx(7 + 12 * each - 2), 9.0),
    ]
    assert all(word.estimated and word.probability is None for word in found.words)


def test_sentences_are_utterances_and_without_punctuation_stretches_of_speech() -> None:
    sentences = estimated(PIECE, 'He said "no." Why? I see', SPEECH, Utterance(0, 0, "", language="fr"))
    assert [(u.text, u.language) for u in sentences] == [('He said "no."', "fr"), ("Why?", "fr"), ("I see", "fr")]
    plain = estimated(PIECE, "one two six ten", SPEECH)
    assert [(u.text, u.start_s, u.end_s) for u in plain] == [("one two", 1.0, 3.0), ("six ten", 7.0, 9.0)]


def test_a_text_without_letters_or_words_is_no_trouble() -> None:
    assert estimated(PIECE, "  ", SPEECH) == []
    (found,) = estimated(PIECE, "...", [])
    assert found.words == [Word("...", 6.0, 10.0, estimated=True)]  # no speech in the piece: all of it counts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("well-known facts, e.g. 3.5", ["well-known", " facts,", " e.g.", " 3.5"]),
        ("今日は、いい。", ["今", "日", "は、", "い", "い。"]),
        ("今日 OKです「はい」", ["今", "日", " OK", "で", "す「", "は", "い」"]),
        ("ขนมน้ำ", ["ข", "น", "ม", "น้", "ำ"]),
        ("버스를 타고", ["버스를", " 타고"]),
        ("", []),
    ],
)
def test_words_are_what_lies_between_spaces_or_letters_of_languages_without(text: str, words: list[str]) -> None:
    found = list(split_words(text))
    assert [(" " if word.space_before else "") + word.text for word in found] == [
        word if number else f" {word}" for number, word in enumerate(words)
    ]


@given(
    text=st.text("ab .é漢字は!7-", max_size=60),
    spans=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=1, max_size=5),
    pauses=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 300)), max_size=8),
)
def test_all_of_the_text_lies_in_order_in_the_piece(
    text: str, spans: list[tuple[int, int]], pauses: list[tuple[int, int]]
) -> None:
    piece = Piece(tuple(_spans(spans)), 100)
    speech = [Segment(start / 100, end / 100) for start, end in _spans(pauses)]
    found = estimated(piece, text, speech)
    assert "".join(u.text for u in found).replace(" ", "") == "".join(text.split())
    words = [word for utterance in found for word in utterance.words]
    assert [w.start_s for w in words] == sorted(w.start_s for w in words)
    inside = piece.only(speech).spans
    for word in words:
        assert word.start_s <= word.end_s
        assert any(first / 100 <= word.start_s and word.end_s <= after / 100 for first, after in inside)


def _spans(lengths: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Disjoint spans in order, from the silence before each and its length."""
    found, now = [], 0
    for silence, length in lengths:
        found.append((now + silence, now + silence + length))
        now = found[-1][1]
    return found
