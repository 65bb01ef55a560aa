from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.bundle.cues import LINE_COLUMNS, MAX_COLUMNS, MAX_S, MIN_S, columns, cues
from modellab.bundle.paragraphs import Paragraph
from modellab.formats.subtitles import Cue
from modellab.surfaces.results import Utterance, Word

Say = Callable[..., Utterance]
LONG_S = 3600.0


def spoken(*words: Word) -> list[Paragraph]:
    return [Paragraph(words, 0)]


def test_a_short_paragraph_is_one_cue_on_one_line(say: Say) -> None:
    assert cues(spoken(*say("Hello there.", 1.0, "X").words), LONG_S) == [Cue(1.0, 2.0, "X", ("Hello there.",))]


def test_a_full_cue_ends_with_the_last_sentence_in_its_second_half(say: Say) -> None:
    text = "This first sentence is fairly long, with a comma. It ends. Then the second one goes on and on and on."
    shown = cues(spoken(*say(text, 0.0, word_s=0.2).words), LONG_S)
    assert [" ".join(cue.lines) for cue in shown] == [
        "This first sentence is fairly long, with a comma. It ends.",
        "Then the second one goes on and on and on.",
    ]


def test_two_lines_are_as_even_as_words_allow(say: Say) -> None:
    (cue,) = cues(spoken(*say("aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee", 0.0, word_s=0.1).words), LONG_S)
    assert cue.lines == ("aaaaaaaaaa bbbbbbbbbb", "cccccccccc dddddddddd eeeeeeeeee")


def test_a_silence_ends_a_cue() -> None:
    shown = cues(spoken(Word("a", 0.0, 0.5), Word("b", 1.4, 2.0), Word("c", 3.0, 4.0)), LONG_S)
    assert [cue.lines for cue in shown] == [("a b",), ("c",)]


def test_no_cue_lasts_longer_than_the_recording() -> None:
    (cue,) = cues(spoken(Word("country.", 7.1, 7.5)), 7.57)
    assert (cue.start_s, cue.end_s) == (7.1, 7.57)


def test_a_short_cue_stays_a_second_unless_the_next_one_begins() -> None:
    said = (Word("a", 0.0, 0.2), Word("b", 0.6, 0.7), Word("c", 9, 9))
    shown = cues([Paragraph((word,), n) for n, word in enumerate(said)], LONG_S)
    assert [(cue.start_s, cue.end_s) for cue in shown] == [(0.0, 0.6), (0.6, 0.6 + MIN_S), (9, 10)]


def test_the_speakers_prefix_counts_towards_the_width(say: Say) -> None:
    words = say("x" * 40 + " " + "y" * 40, 0.0).words
    assert len(cues(spoken(*words), LONG_S)) == 1
    shown = cues(spoken(*words), LONG_S, {None: "Anna: "})
    assert [cue.lines for cue in shown] == [("Anna: " + "x" * 40,), ("Anna: " + "y" * 40,)]


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("会議", 4), ("e\u0301", 1), ("ﾊﾝ", 2)])
def test_columns(text: str, width: int) -> None:
    assert columns(text) == width


word = st.tuples(st.text("ab.,", min_size=1, max_size=12), st.floats(0, 2), st.floats(0.01, 2))


@given(st.lists(word, min_size=1, max_size=80))
def test_cues_hold_every_word_once_within_the_limits(pieces: list[tuple[str, float, float]]) -> None:
    words, time_s = [], 0.0
    for text, gap_s, length_s in pieces:
        words.append(Word(text, time_s + gap_s, time_s + gap_s + length_s))
        time_s += gap_s + length_s
    shown = cues(spoken(*words), LONG_S)
    assert " ".join(line for cue in shown for line in cue.lines).split() == [w.text for w in words]
    for cue in shown:
        assert len(cue.lines) <= 2
        assert sum(map(columns, cue.lines)) <= MAX_COLUMNS
        assert max(map(columns, cue.lines)) < LINE_COLUMNS + 12
        assert 0 < cue.end_s - cue.start_s <= MAX_S + 1e-9
    assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(shown))
