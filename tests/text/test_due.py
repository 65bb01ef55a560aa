from datetime import date

import pytest

from modellab.text.due import find_due, resolve_due, without_due

WEDNESDAY, SATURDAY = date(2026, 3, 11), date(2026, 3, 14)


@pytest.mark.parametrize(
    ("sentence", "words", "day"),
    [
        ("I'll send it by Friday.", "by Friday", date(2026, 3, 13)),
        ("I'll do it on Wednesday.", "on Wednesday", date(2026, 3, 18)),
        ("Let's finish it by next Tuesday.", "by next Tuesday", date(2026, 3, 17)),
        ("It's due tomorrow morning, right?", "due tomorrow morning", date(2026, 3, 12)),
        ("The day after tomorrow works.", "The day after tomorrow", date(2026, 3, 13)),
        ("I'll mail it tonight.", "tonight", WEDNESDAY),
        ("I need it by the end of the month.", "by the end of the month", date(2026, 3, 31)),
        ("Do it before the end of the week.", "before the end of the week", date(2026, 3, 13)),
        ("By the end of next week, please.", "By the end of next week", date(2026, 3, 20)),
        ("I'll pay next month.", "next month", date(2026, 4, 30)),
        ("By the end of the quarter.", "By the end of the quarter", date(2026, 3, 31)),
        ("We need it by March 18th.", "by March 18th", date(2026, 3, 18)),
        ("We need it by the tenth of April.", "by the tenth of April", date(2026, 4, 10)),
        ("I need the numbers by the fifteenth.", "by the fifteenth", date(2026, 3, 15)),
        ("I'll show it in two weeks.", "in two weeks", date(2026, 3, 25)),
        ("I'll call within three days.", "within three days", date(2026, 3, 14)),
        ("I'll request it in December.", "in December", date(2026, 12, 31)),
        ("We run it over the weekend.", "over the weekend", date(2026, 3, 15)),
        ("Next weekend I'll remind them.", "Next weekend", date(2026, 3, 21)),
        ("By January 5th, please.", "By January 5th", date(2027, 1, 5)),
        ("I'll ask before lunch.", "before lunch", None),
    ],
)
def test_times_to_come_on_a_wednesday(sentence: str, words: str, day: date | None) -> None:
    due = find_due(sentence, WEDNESDAY)
    assert due is not None
    assert (due.text, due.day) == (words, day)
    assert sentence[due.start : due.end].strip() == words


def test_on_a_saturday_this_week_is_the_coming_one() -> None:
    due = find_due("I'm ordering them this week.", SATURDAY)
    assert due is not None and due.day == date(2026, 3, 20)


@pytest.mark.parametrize(
    "sentence",
    [
        "I sent it.",
        "We meet on Fridays.",
        "He was second.",
        "It may take a while.",
        "She can march on.",
        "They got in.",
    ],
)
def test_no_time_to_come(sentence: str) -> None:
    assert find_due(sentence, WEDNESDAY) is None


def test_the_last_of_several_times_counts() -> None:
    due = find_due("I'm out tomorrow, but I'll do it on Friday.", WEDNESDAY)
    assert due is not None and due.day == date(2026, 3, 13)


def test_without_due_keeps_the_rest() -> None:
    assert without_due("get the physiotherapist in tomorrow") == "get the physiotherapist in "


def test_other_languages_use_dateparser() -> None:
    assert resolve_due("morgen", WEDNESDAY, "de") == date(2026, 3, 12)
    assert resolve_due("gestern", WEDNESDAY, "de") is None
    assert resolve_due("demain", WEDNESDAY, "xx") is None
