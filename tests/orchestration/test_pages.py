"""What the pages and checks of the real steps say, on hand-made results."""

import pytest

from assets._page import duration, share, table
from assets.asr import _outside
from modellab.surfaces.results import Segment, Word


@pytest.mark.parametrize(("seconds", "text"), [(0.0042, "4 ms"), (1.5, "1.50 s"), (61.0, "1:01.0")])
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_share_of_nothing_is_a_dash():
    assert (share(1, 4), share(0, 0)) == ("25%", "-")


def test_a_table_cell_can_hold_what_would_be_markup():
    assert table(["a"], [["x|y\n<b>"]]) == "| a |\n| --- |\n| x\\|y &lt;b> |"


def test_words_far_from_all_speech_are_found():
    words = [Word("a", 0.0, 0.2), Word("b", 0.9, 1.1), Word("c", 3.0, 3.2), Word("d", 9.4, 9.9), Word("e", 12.0, 12.1)]
    speech = [Segment(1.0, 2.0), Segment(5.0, 9.0)]
    assert [word.text for word in _outside(words, speech)] == ["a", "c", "e"]
    assert [word.text for word in _outside(words, [])] == ["a", "b", "c", "d", "e"]
