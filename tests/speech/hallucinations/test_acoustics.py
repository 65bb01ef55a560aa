"""Words whose sounds do not fit, by scores that a test states."""

from modellab.speech.hallucinations.detect import find
from modellab.speech.hallucinations.flags import Flag, FlagKind
from modellab.surfaces.results import Transcript, Utterance, Word

TEXT = "we meet on friday in the old library to talk about the new roof of the hall"


def flagged(fits: list[float | None]) -> list[Flag]:
    words = [Word(word, n * 0.4, n * 0.4 + 0.3) for n, word in enumerate(TEXT.split())]
    transcript = Transcript([Utterance(0.0, 7.0, TEXT, words)], 7.0, "en")
    return [flag for flag in find(transcript, {}, fits).flags if flag.kind is FlagKind.UNFITTING]


def test_a_row_of_words_that_fit_badly_is_flagged_and_told() -> None:
    fits: list[float | None] = [-0.1] * 17
    fits[5:9] = [-9.0, -8.0, None, -12.0]
    [flag] = flagged(fits)
    assert (flag.first_word, flag.end_word, flag.text) == (5, 9, "the old library to")
    assert flag.strength == "strong"
    # 5 and 4 over what is allowed, and 6 for the last, of which no more than 10 counts.
    assert flag.figures == {"mean_score": -9.6667, "excess": 15.0, "least_excess": 12.0}


def test_a_word_or_two_that_were_misheard_are_not() -> None:
    assert flagged([-0.1, -14.0, -0.2, -0.1, -9.0, *[-0.1] * 12]) == []
    assert flagged([-0.1] * 10 + [-20.0, -7.0] + [-0.1] * 5) == []


def test_where_no_aligner_was_asked_nothing_is_said() -> None:
    assert flagged([]) == []
    assert flagged([None] * 17) == []


def test_words_of_no_score_neither_end_a_stretch_nor_make_one() -> None:
    [flag] = flagged([None, -9.0, None, None, -9.0, -9.0, *[None] * 11])
    assert (flag.first_word, flag.end_word) == (1, 6)
