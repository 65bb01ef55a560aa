from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.text.action_items import find_action_items
from modellab.text.dialogues import transcript_of
from modellab.text.due import find_due, resolve_due, without_due

FRIDAY = date(2026, 11, 20)
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


def _table() -> list[tuple[str, str]]:
    lines = Path(__file__).with_name("due_words.tsv").read_text().splitlines()
    return [(line.partition("\t")[0], line.partition("\t")[2]) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("sentence", "day"), _table())
def test_the_day_that_was_meant_or_none(sentence: str, day: str) -> None:
    task = sentence.find("'ll ")
    due = find_due(sentence, FRIDAY, task + len("'ll ") if task >= 0 else None)
    assert (due.day.isoformat() if due and due.day else "") == day


@pytest.mark.parametrize(
    ("said", "task", "due_text", "day"),
    [
        ("I'll send you last Friday's report.", "Send you last Friday's report", None, None),
        ("I'll read the May report on Tuesday.", "Read the May report", "on Tuesday", date(2026, 11, 24)),
        ("I'll send it by March 3rd 2028 to Ben.", "Send it to Ben", "by March 3rd 2028", date(2028, 3, 3)),
        ("I'll send you what we discussed on Monday.", "Send you what we discussed on Monday", None, None),
        (
            "I'll send it tomorrow, I mean the day after tomorrow.",
            "Send it",
            "the day after tomorrow",
            date(2026, 11, 22),
        ),
        ("I'll send it not by Friday but by Monday.", "Send it", "by Monday", date(2026, 11, 23)),
        (
            "I'll look at Friday's build by noon tomorrow.",
            "Look at Friday's build",
            "by noon tomorrow",
            date(2026, 11, 21),
        ),
        ("I'll send the notes Monday and the slides Tuesday.", "Send the notes Monday and the slides", "Tuesday", None),
        ("I'll get the physiotherapist in tomorrow.", "Get the physiotherapist in", "tomorrow", date(2026, 11, 21)),
        ("I'll send it by the end of the month, by mail.", "Send it, by mail", "by the end of the month", None),
    ],
)
def test_only_the_words_that_say_when_leave_the_task(
    said: str, task: str, due_text: str | None, day: date | None
) -> None:
    (item,) = find_action_items(transcript_of([("A", said)]), FRIDAY).items
    assert (item.task, item.due_text) == (task, due_text)
    if day is not None:
        assert item.due_date == day


def test_of_two_tasks_each_has_its_own_day() -> None:
    said = "I'll pull the numbers on Monday, and you take them to the council by Friday."
    items = find_action_items(transcript_of([("A", said), ("B", "Deal.")]), FRIDAY).items
    assert [(item.task, item.due_date) for item in items] == [
        ("Pull the numbers", date(2026, 11, 23)),
        ("Take them to the council", date(2026, 11, 27)),
    ]


def test_an_answer_s_day_replaces_the_one_asked_for_and_the_task_loses_the_latter() -> None:
    turns = [("A", "Ben, could you call the printer today?"), ("B", "Sure, I'll call them tomorrow.")]
    (item,) = find_action_items(transcript_of(turns), FRIDAY).items
    assert (item.task, item.due_text, item.due_date) == ("Call the printer", "tomorrow", date(2026, 11, 21))


def test_without_due_keeps_the_rest() -> None:
    text = "get the physiotherapist in tomorrow"
    assert without_due(text, find_due(text, WEDNESDAY)) == "get the physiotherapist in"
    text = "send it, by Friday, to Ben"
    assert without_due(text, find_due(text, WEDNESDAY)) == "send it, to Ben"


_WORDS = """
I'll send you it the report Monday Friday's next last this week month end of by on in until before March 3rd 2028
99999 tomorrow today not but if we and or , . ; – EOD COB two a few days weeks from now second first fifth December
year 31st 30 February between to what discussed meeting for call every Q3 12/05 2026-12-05 25/12/9999 noon at 3 pm
half past morning İ ’s 's - ago after early late mid-December then so please can you Ben is out ٣ ² 1000000 Dec. Sat
"""
_SOUP = st.lists(st.sampled_from(_WORDS.split()), max_size=20).map(" ".join)
_DAYS = st.sampled_from([FRIDAY, date.min, date.max, date.max - timedelta(1), date(2028, 2, 29)]) | st.dates()


@settings(max_examples=300, deadline=None)
@given(_SOUP | st.text(max_size=60), _DAYS, st.none() | st.integers(0, 80))
def test_any_words_give_a_day_to_come_or_none(sentence: str, said_on: date, about: int | None) -> None:
    due = find_due(sentence, said_on, about)
    if due is not None:
        assert due.day is None or due.day >= said_on
        assert sentence[due.start : due.end] == due.text
        left = iter(sentence)
        assert all(character in left for character in without_due(sentence, due))


@settings(max_examples=100, deadline=None)
@given(_SOUP, _DAYS)
def test_a_task_is_made_of_the_words_that_were_said(soup: str, said_on: date) -> None:
    said = f"I'll send {soup}"
    for item in find_action_items(transcript_of([("A", said)]), said_on).items:
        left = iter(said.lower())
        assert all(character in left for character in item.task.lower())


@pytest.mark.parametrize(
    ("language", "words", "day"),
    [
        ("de", "morgen", date(2026, 11, 21)),
        ("de", "übermorgen", date(2026, 11, 22)),
        ("de", "in zwei Wochen", date(2026, 12, 4)),
        ("de", "Freitag", date(2026, 11, 27)),
        ("de", "3. März 2028", date(2028, 3, 3)),
        ("fr", "vendredi", date(2026, 11, 27)),
        ("fr", "dans trois jours", date(2026, 11, 23)),
        ("es", "mañana", date(2026, 11, 21)),
        ("ja", "明日", date(2026, 11, 21)),
        ("de", "gestern", None),
        ("de", "letzten Freitag", None),
        ("de", "jeden Freitag", None),
        ("de", "der Bericht vom Freitag", None),
        ("de", "Mai", None),
        ("de", "2028", None),
        ("de", "zwei", None),
        ("de", "um 3 Uhr", None),
        ("de", "15:00", None),
        ("de", "12.05.", None),
        ("de", "nächste Woche", None),
        ("de", "30. Februar", None),
        ("de", "in 99999999 Tagen", None),
        ("de", "31.12.99999", None),
        ("fr", "lundi ou mardi", None),
        ("xx", "demain", None),
    ],
)
def test_other_languages_use_dateparser_where_it_is_sure(language: str, words: str, day: date | None) -> None:
    assert resolve_due(words, FRIDAY, language) == day


@pytest.mark.parametrize("said_on", [date.min, date.max])
def test_the_edges_of_the_calendar_give_no_error(said_on: date) -> None:
    for language, words in (("de", "morgen"), ("fr", "dans deux semaines"), ("en", "next Friday"), ("de", "Freitag")):
        found = resolve_due(words, said_on, language)
        assert found is None or found > said_on
