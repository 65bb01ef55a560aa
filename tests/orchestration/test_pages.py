"""What the pages and checks of the real steps say, on hand-made results."""

import pytest

from assets._page import duration, share, table


@pytest.mark.parametrize(("seconds", "text"), [(0.0042, "4 ms"), (1.5, "1.50 s"), (61.0, "1:01.0")])
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_share_of_nothing_is_a_dash():
    assert (share(1, 4), share(0, 0)) == ("25%", "-")


def test_a_table_cell_can_hold_what_would_be_markup():
    assert table(["a"], [["x|y\n<b>"]]) == "| a |\n| --- |\n| x\\|y &lt;b> |"
