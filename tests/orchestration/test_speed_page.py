"""Speed over time in the UI: a table of all, and pictures that are short enough to be shown."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from assets._pictures import MOST_CHARACTERS
from assets._speed_page import picture, speed_page
from modellab.evaluation.pace_history import SpeedChange, SpeedSeries

START = datetime(2026, 3, 1, 4, tzinfo=UTC)


def _series(values, changes=()):
    times = tuple(START + timedelta(weeks=week) for week in range(len(values)))
    changed = tuple(
        SpeedChange(times[place], values[place - 1], values[place], values[place] / values[place - 1] - 1)
        for place in changes
    )
    return SpeedSeries(
        "calls", "1", "meeting+asr=m:v", "asr", "m:v", "cpu", "int8", 2, None, "0123456789abcdef", 4,
        "real_time_factor", tuple(values), times, 0.01, changed,
    )  # fmt: skip


def test_a_picture_has_a_line_of_the_values_and_marks_where_it_changed():
    drawn = picture(_series([0.1, 0.1, 0.1, 0.2, 0.2, 0.2], [3]))
    svg = ElementTree.fromstring(unquote(drawn.partition("svg+xml,")[2].removesuffix(">)")))
    line, mark, text = svg
    assert line.get("points") == "12,45 95,45 178,45 262,12 345,12 428,12"
    assert (mark.get("d"), text.text) == ("M262 0V90", "0.2 s/s")


@pytest.mark.parametrize("count", [1, 40, 500])
def test_a_picture_is_short_enough_to_be_shown(count):
    values = [0.123456 * (1.5 if week % 2 else 1.0) for week in range(count)]
    drawn = picture(_series(values, range(3, count, 6)))
    assert len(drawn) <= MOST_CHARACTERS


def test_a_table_has_all_and_pictures_only_what_changed():
    page = speed_page([_series([0.1, 0.1, 0.2], [2]), _series([0.1])])
    assert list(page) == ["speed and memory", "meeting+asr=m:v asr real_time_factor on calls"]
    lines = page["speed and memory"].value.splitlines()
    same = "| meeting+asr=m:v | calls 1 (cpu, int8, 2 threads, 01234567) | asr |"
    assert lines[2:] == [
        f"{same} 3 | 0.1 s/s | 0.2 s/s | +1.0% | ▁▁█ | +100% since 2026-03-15 |",
        f"{same} 1 | 0.1 s/s | 0.1 s/s | +1.0% | ▄ |  |",
    ]
    assert speed_page([]) == {}


def test_bars_of_what_hardly_differs_are_level():
    assert _series([0.100, 0.101, 0.1005]).bars() == "▄▄▄"
    assert _series([0.1, 0.16, 0.2, 0.1]).bars(3) == "▅█▁"
