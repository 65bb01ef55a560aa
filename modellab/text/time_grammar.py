"""English expressions of time, read to their full length, and the last day that each allows.

What is read is the longest expression at a place, so that "March 3rd" is never taken out of "March 3rd 2028", nor
"Friday" out of "a week from Friday", "last Friday" or "every Friday". An expression that names no single day to come
is read as well, with no day. Whether somebody says with it when something is due is for `modellab.text.due`.

Conventions: a weekday is the next one after the recording, never its own day, except where weeks are counted from it
("a week from Friday", said on a Friday, is seven days on); "next <weekday>" lies in the following week; weeks end on
Friday (said on a weekend, "this week" is the coming one); months, quarters and years end on their last day; "the
weekend" ends on Sunday, "next weekend" begins on the Saturday of the following week; of alternatives and ranges it is
the last day; "early", "mid" and the beginning of a longer time name no day. A date without its year is the next one,
unless that is over ten months away: then it has rather just passed. Days and months in figures ("12/05") are read where
only one order is possible.
"""

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Literal

from modellab.text import calendar_days as days
from modellab.text.english import word_list
from modellab.text.time_tokens import Token

Day = Callable[[date], date]
"""The day an expression means, from the day it was said; OverflowError or ValueError where there is none."""
Kind = Literal["near", "day", "short", "ordinal", "figures", "period", "stretch", "span", "deadline"]
"""`near`: today, tomorrow; `day`: weekdays, dates; `short`: abbreviated weekdays; `ordinal`: the fifth; `figures`:
25/12; `period`: next week; `stretch`: the week, December (nothing without a preposition); `span`: in two days;
`deadline`: EOD."""

_WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_SHORT_WEEKDAYS = {
    **{"mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5},
    "sun": 6,
}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_ALSO_VERBS = frozenset({"may", "march", "mar", "jan", "sept", "sep", "dec"})
"""Words that are months with a capital or before a day's number alone."""
_ORDINALS = {word: number for number, word in enumerate(word_list("ordinals"), start=1)}
_NUMBERS = {word: number for number, word in enumerate(word_list("numbers"), start=1)} | {
    word: 10 * number for number, word in enumerate(word_list("tens"), start=3)
}
_UNITS = ("day", "week", "fortnight", "month", "quarter", "year", "weekend")
_PARTS = frozenset(["morning", "afternoon", "evening", "night", "noon", "midday", "midnight", "lunchtime"])
_VAGUE = ("a few", "few", "several", "some", "many", "a number of", "half a", "half an", "a dozen", "a half")
_ISO = re.compile(r"^(\d{4})([-/])(\d{2})\2(\d{2})$")
_FIGURES = re.compile(r"^(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{4}|\d{2}))?$")
_MOST_DIGITS = 4
_DAY_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression that was read."""

    stop: int
    """Number of the token after its last."""
    day: Day | None
    """None where it names no single day to come."""
    kind: Kind = "day"
    counted_from: Day | None = None
    """The day that weeks are counted from, where it is another."""
    is_weekday: bool = False
    spelled: bool = False
    """Whether an ordinal is a word, which may count anything."""


def _day_or_none(day: Day | None, said_on: date) -> date | None:
    if day is None:
        return None
    try:
        found = day(said_on)
    except (OverflowError, ValueError):
        return None
    return found if found >= said_on else None


def day_of(reading: Reading, said_on: date) -> date | None:
    """The last day that an expression allows; None where it names none to come, or one no calendar has."""
    return _day_or_none(reading.day, said_on)


@cache
def _by_first_word(phrases: tuple[str, ...]) -> dict[str, list[tuple[str, ...]]]:
    """Phrases as words, by the first one."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        words = tuple(phrase.split())
        found.setdefault(words[0], []).append(words)
    return found


def before_period(reading: Reading, unit: str) -> Day | None:
    """The last day before a longer time begins: the Friday before a weekend or a week, the end of the month before."""
    end = reading.day
    if end is None:
        return None
    if unit in ("week", "weekend"):
        return lambda said: days.week_end(end(said)) - timedelta(7 if unit == "week" or end(said).weekday() > 4 else 0)
    return (lambda said: end(said).replace(day=1) - timedelta(1)) if unit == "month" or unit in _MONTHS else None


def _plus(count: int) -> Day:
    return lambda said: said + timedelta(count)


class TimeGrammar:
    """Reads expressions of time in one sentence."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._known: dict[int, Reading | None] = {}

    def read(self, index: int) -> Reading | None:
        """The longest expression that begins at a token, with its time of day; None where none does."""
        if index not in self._known:
            self._known[index] = None  # what refers to itself is no time
            readings = (rule(index) for rule in self._rules())
            best = max((one for one in readings if one), key=lambda one: one.stop, default=None)
            self._known[index] = self._with_time_of_day(best) if best else None
        return self._known[index]

    def _rules(self) -> tuple[Callable[[int], Reading | None], ...]:
        return (
            self._near,
            self._weekday,
            self._date,
            self._ordinal,
            self._nth_weekday,
            self._period,
            self._month,
            self._quarter,
            self._span,
            self._counted,
            self._end_of,
            self._close_of_day,
            self._vague,
            self._range,
            self._past,
            self._clock_first,
        )

    # --- words

    def word(self, index: int) -> str:
        """A token's text; empty outside the sentence."""
        return self._tokens[index].text if 0 <= index < len(self._tokens) else ""

    def after(self, index: int, *phrases: str) -> int | None:
        """The number of the token after the longest of some phrases that stands at a token; None where none does."""
        stop: int | None = None
        for words in _by_first_word(phrases).get(self.word(index), ()):
            if (stop is None or index + len(words) > stop) and all(
                self.word(index + offset) == word for offset, word in enumerate(words)
            ):
                stop = index + len(words)
        return stop

    def _skip(self, index: int, *phrases: str) -> int:
        """The same, or the token itself where none of them stands there."""
        found = self.after(index, *phrases)
        return index if found is None else found

    def _number(self, index: int) -> tuple[int, int | None] | None:
        """A count, and the token after it: "two", "a couple of", "two or three" (the larger); None: it is vague."""
        if (stop := self.after(index, *_VAGUE)) is not None:
            return stop, None
        if (stop := self.after(index, "a couple of", "a couple", "couple of")) is not None:
            return stop, 2
        word = self.word(index)
        if re.fullmatch(r"\d{1,2}[-–]\d{1,2}", word):
            return index + 1, int(re.split(r"[-–]", word)[1])
        if word in ("a", "an"):
            count = 1
        elif word in _NUMBERS:
            count = _NUMBERS[word]
        elif word.isdecimal():
            count = int(word[:9])
        else:
            return None
        joined = self.after(index + 1, "or", "to", "-", "–")
        if joined is not None and (more := self._number(joined)) is not None and more[1] is not None:
            return more
        return index + 1, count

    def _unit(self, index: int) -> tuple[int, str] | None:
        """A unit of time, singular, and the token after it; working days are `workday`."""
        if stop := self.after(
            index, *(f"{kind} {day}" for kind in ("business", "working", "work") for day in ("day", "days"))
        ):
            return stop, "workday"
        word = self.word(index)
        if word in ("workday", "workdays", "weekdays"):
            return index + 1, "workday"
        singular = word.removesuffix("s")
        return (index + 1, singular) if singular in (*_UNITS, "hour") and singular != "weekend" else None

    def _month_at(self, index: int, *, numbered: bool = False) -> tuple[int, int] | None:
        """A month's name and the token after it."""
        word = self.word(index)
        number = _MONTHS.get(word) or _SHORT_MONTHS.get(word)
        if number is None or (word in _ALSO_VERBS and not numbered and not self._tokens[index].capital):
            return None
        short = word not in _MONTHS
        if short and not self._tokens[index].capital and not numbered:
            return None
        dotted = short and self.word(index + 1) == "." and index + 2 < len(self._tokens)
        return index + 1 + dotted, number

    def _ordinal_at(self, index: int) -> tuple[int, int, bool] | None:
        """An ordinal as (token after it, number, whether it is a word)."""
        word = self.word(index)
        if match := re.fullmatch(r"(\d{1,4})(?:st|nd|rd|th)", word):
            return index + 1, int(match[1]), False
        two_words = f"{word}-{self.word(index + 1)}"
        if two_words in _ORDINALS:
            return index + 2, _ORDINALS[two_words], True
        return (index + 1, _ORDINALS[word], True) if word in _ORDINALS else None

    def _year_at(self, index: int) -> tuple[int, Day | None] | None:
        """A year after a date, as the token after it and the first of that year; no day where it is none.

        A number that follows a date and is no year makes it unsafe.
        """
        comma = index + (self.word(index) == ",")
        word = self.word(comma)
        if (stop := self.after(index, "of this year", "this year")) is not None:
            return stop, lambda said: date(said.year, 1, 1)
        if (stop := self.after(index, "of next year", "next year")) is not None:
            return stop, lambda said: date(said.year + 1, 1, 1)
        if (stop := self.after(index, "of last year", "last year", "ago")) is not None:
            return stop, None
        if not word.isdecimal() or self._clock(comma, bare=False) is not None:
            return None
        if len(word) == _MOST_DIGITS:
            year = int(word)
            return comma + 1, lambda said: date(year, 1, 1)
        return None if comma > index and len(word) < _MOST_DIGITS else (comma + 1, None)

    # --- time of day

    def _clock(self, index: int, *, bare: bool) -> int | None:
        """The token after a time of day: "3 pm", "noon", "half past two"; where `bare`, "3" or "three" as well."""
        if (stop := self.after(index, "noon", "midday", "midnight", "lunch", "lunchtime")) is not None:
            return stop
        index = self._skip(index, "half past", "quarter past", "quarter to", "a quarter past", "a quarter to")
        word = self.word(index)
        hour = re.fullmatch(r"\d{1,2}([:.]\d{2})?(am|pm)?", word)
        if not hour and word not in tuple(_NUMBERS)[:12]:
            return None
        stop = index + 1
        if self.word(stop) in ("thirty", "fifteen", "forty-five") and not word[0].isdigit():
            stop, bare = stop + 1, True
        marked = self.after(stop, "am", "pm", "a.m", "a.m.", "p.m", "p.m.", "o'clock")
        if marked is not None:
            return self._skip(marked, "sharp", "in the morning", "in the afternoon", "in the evening")
        certain = bool(hour and (hour[1] or hour[2]))
        return stop if certain or bare or self.word(index - 1) in ("past", "to") else None

    def _with_time_of_day(self, reading: Reading) -> Reading:
        """An expression with what says when on the day it is, or how strict it is."""
        stop = reading.stop
        if reading.kind in ("near", "day", "short", "deadline", "figures", "ordinal"):
            while (more := self._time_of_day(stop)) is not None:
                stop = more
        strict = self.after(stop, "at the latest", "at the very latest", "at latest", "latest", "the latest")
        stop = strict or self._skip(stop, ", at the latest", ", latest")
        stop = self._skip(stop, "or earlier", "or sooner", "or before", "or before that", "if not earlier")
        reading = replace(reading, stop=stop)
        open_end = self.after(
            stop,
            *("or later", "or so", "or thereabouts", "or after", "at the earliest", "onwards", "onward", "and a half"),
            *("ish", "and beyond", "and onwards", "or whenever", "ago", "before last"),
        )
        if open_end is None and self.word(stop) == "on" and self.word(stop + 1) in ("", ".", ",", "!", "?"):
            open_end = stop + 1
        return replace(reading, stop=open_end, day=None) if open_end is not None else reading

    def _time_of_day(self, index: int) -> int | None:
        if self.word(index) in _PARTS:
            return index + 1
        found = self.after(
            index,
            *(f"in the {part}" for part in ("morning", "afternoon", "evening")),
            *("at night", "first thing", "end of day", "end of the day", "eod", "cob", "close of business"),
            *(
                "by eod",
                "by cob",
                "by end of day",
                "by the end of the day",
                "by close of business",
                "at the end of the day",
            ),
        )
        if found is not None:
            return found
        start = index + (self.word(index) == ",")
        lead = self._skip(
            start, "at", "by", "before", "around", "about", "from", "after", "until", "at around", "at about"
        )
        stop = self._clock(lead, bare=lead > start)
        if stop is None or (self.word(stop).removesuffix("s") in (*_UNITS, "hour", "minute") and lead > start):
            return None
        to = self.after(stop, "to", "until", "till", "-", "–")
        return stop if to is None or self.word(start) != "from" else self._clock(to, bare=True) or stop

    def _clock_first(self, index: int) -> Reading | None:
        """A time of day before its day: "noon tomorrow", "five o'clock on Friday"."""
        led = self.word(index - 1) in ("at", "by", "before", "until", "till", "around")
        stop = self._clock(index, bare=led)
        if stop is None or (not led and not self.word(index)[0].isdigit()):
            return None
        reading = self.read(self._skip(stop, "on", "in the", ","))
        return reading if reading and reading.kind in ("near", "day", "short") else None

    # --- days

    def _near(self, index: int) -> Reading | None:
        if stop := self.after(index, "the day after tomorrow", "day after tomorrow"):
            return Reading(stop, _plus(2), "near")
        if stop := self.after(index, "the day before yesterday", "yesterday", "the other day", "the day after that"):
            return Reading(stop, None, "near")
        if before := self.after(index, "the day before", "the day after", "the night before", "the morning after"):
            reading = self.read(before)
            if reading is None or reading.kind not in ("near", "day") or reading.day is None:
                return Reading(before, None, "near")
            step, day = (1 if "after" in self.word(before - 1) else -1), reading.day
            return Reading(reading.stop, lambda said: day(said) + timedelta(step), "near")
        if stop := self.after(
            index,
            *("today", "tonight", "this morning", "this afternoon", "this evening", "this lunchtime", "right away"),
            *("immediately", "straight away", "right now", "right after this call", "right after this meeting"),
        ):
            count = 0
        elif stop := self.after(index, "tomorrow"):
            count = 1
        else:
            return None
        if self.word(stop) == "week":
            return Reading(stop + 1, _plus(count + 7), "near")
        if also := self.after(stop, "or tomorrow", "or the day after tomorrow", "or the day after"):
            return Reading(also, _plus(count + 1), "near")
        return Reading(stop, _plus(count), "near")

    def _weekday(self, index: int) -> Reading | None:
        at = self._skip(index, "this coming", "the coming", "coming", "this", "next", "the")
        said_first = " ".join(self.word(i) for i in range(index, at))
        word = self.word(at)
        short = word not in _WEEKDAYS
        number = _WEEKDAYS.get(word, _SHORT_WEEKDAYS.get(word))
        if number is None or (short and not self._tokens[at].capital):
            plural = word.endswith("s") and word[:-1] in _WEEKDAYS
            return Reading(at + 1, None) if plural else None
        stop = at + 1 + (short and self.word(at + 1) == "." and index + 2 < len(self._tokens))
        kind: Kind = "short" if short else "day"
        if after_next := self.after(stop, "after next"):
            return Reading(after_next, _weekday_in(2, number) if said_first in ("", "the") else None)
        if further := self._with_date(stop, number) or self._in_week(stop, number):
            return further
        if other := self.after(stop, "in a", "in two", "in three", "after that", "before that", "before last"):
            return Reading(other, None)
        if self.word(stop) == "week" and said_first == "":
            return Reading(stop + 1, lambda said: days.on_or_after(said, number) + timedelta(7))
        if said_first == "the":
            return Reading(stop, None)
        if said_first == "next":
            return Reading(stop, _weekday_in(1, number), kind)
        return Reading(
            stop,
            lambda said: days.following(said, number),
            kind,
            counted_from=lambda said: days.on_or_after(said, number),
            is_weekday=True,
        )

    def _in_week(self, index: int, weekday: int) -> Reading | None:
        """What follows a weekday and says in which week it lies."""
        at = self._skip(index, ",", "of", "in", "on")
        for weeks, names in enumerate((("this week",), ("next week",), ("the week after next", "week after next"))):
            if stop := self.after(at, *names):
                return Reading(stop, _weekday_in(weeks, weekday))
        if stop := self.after(at, "the week after", "the following week", "the same week", "that week", "last week"):
            return Reading(stop, None)
        return None

    def _with_date(self, index: int, weekday: int) -> Reading | None:
        """A date that follows its weekday: they must agree."""
        at = self._skip(index, ",")
        date_reading = self._date(at) or self._ordinal(at)
        if date_reading is None or (date_reading.spelled and self.word(at) != "the"):
            return None
        named = date_reading.day

        def agreeing(said: date) -> date:
            if named is None or (day := named(said)).weekday() != weekday:
                raise ValueError("another day of the week")
            return day

        return Reading(date_reading.stop, agreeing)

    def _date(self, index: int) -> Reading | None:
        word = self.word(index)
        if match := _ISO.match(word):
            year, month, number = int(match[1]), int(match[3]), int(match[4])
            return Reading(index + 1, lambda said: date(year, month, number))
        if (match := _FIGURES.match(word)) and word != "24/7":
            return self._figures(index, match)
        return self._month_first(index) or self._day_first(index)

    @staticmethod
    def _figures(index: int, match: re.Match[str]) -> Reading | None:
        first, sign, second, year = int(match[1]), match[2], int(match[3]), match[4]
        if sign != "/" and (year is None or len(year) < _MOST_DIGITS):
            return None
        orders = {(first, second), (second, first)}
        possible = [(month, number) for month, number in orders if 1 <= month <= 12 and 1 <= number <= 31]
        if len(possible) != 1:
            return Reading(index + 1, None, "figures")
        ((month, number),) = possible
        if year is None:
            return Reading(index + 1, lambda said: days.next_date(said, month, number), "figures")
        full = int(year) + (0 if len(year) == _MOST_DIGITS else 2000)
        return Reading(index + 1, lambda said: date(full, month, number), "figures")

    def _month_first(self, index: int) -> Reading | None:
        """ "March 3rd", "March the third", "Dec. 5, 2026"."""
        month = self._month_at(index, numbered=True)
        if month is None:
            return None
        at = self._skip(month[0], "the")
        day = self._day_number(at)
        if day is None or (self.word(index) in _ALSO_VERBS and not self._tokens[index].capital and not day[2]):
            return None
        stop, number, _ = day
        joined = self.after(stop, "or", "and", "to", "through", "-", "–", "or the", "and the")
        if joined is not None and (later := self._day_number(joined)) is not None:
            number, stop = max(number, later[1]), later[0]
        return self._dated(stop, month[1], number)

    def _day_first(self, index: int) -> Reading | None:
        """ "the third of March", "3 March 2028", "the 5th of next month"."""
        at = self._skip(index, "the")
        day = self._day_number(at)
        if day is None:
            return None
        stop, number, ordinal = day
        of = self._skip(stop, "of", "day of")
        if (month := self._month_at(of, numbered=ordinal and of > stop)) is not None:
            return self._dated(month[0], month[1], number)
        if not ordinal or of == stop:
            return None
        for months, names in enumerate((("this month", "the month", "the current month"), ("next month",))):
            if after := self.after(of, *names):
                return Reading(after, _day_of_month(months, number))
        return None

    def _day_number(self, index: int) -> tuple[int, int, bool] | None:
        """A day's number in its month as (token after it, number, whether it can't be a plain count)."""
        if ordinal := self._ordinal_at(index):
            return ordinal[0], ordinal[1], True
        word = self.word(index)
        if word.isdecimal() and len(word) <= _DAY_DIGITS and self._clock(index, bare=False) is None:
            return index + 1, int(word), False
        return None

    def _dated(self, stop: int, month: int, number: int) -> Reading:
        year = self._year_at(stop)
        if year is None:
            return Reading(stop, lambda said: days.next_date(said, month, number))
        after, first = year
        return Reading(after, None if first is None else lambda said: first(said).replace(month=month, day=number))

    def _ordinal(self, index: int) -> Reading | None:
        """ "the fourteenth", "14th"."""
        at = self._skip(index, "the")
        ordinal = self._ordinal_at(at)
        if ordinal is None or (ordinal[2] and at == index):
            return None
        stop, number, spelled = ordinal
        return Reading(stop, lambda said: days.next_day_of_month(said, number), "ordinal", spelled=spelled)

    def _nth_weekday(self, index: int) -> Reading | None:
        """ "the last Friday of the month", "the last day of November", "the first Monday in December"."""
        at = self.after(index, "the", "the very")
        if at is None:
            return None
        last = self.word(at) == "last"
        ordinal = (at + 1, -1, True) if last else self._ordinal_at(at)
        if ordinal is None:
            return None
        stop, number, _ = ordinal
        weekday = _WEEKDAYS.get(self.word(stop))
        working = self.after(stop, "working day", "business day", "workday", "weekday", "work day")
        whole = self.after(stop, "day")
        of = self.after(stop + 1 if weekday is not None else working or whole or stop, "of", "in")
        if of is None or (weekday is None and working is None and whole is None):
            return None
        period = self.read(of)
        if period is None or period.day is None or period.kind not in ("period", "stretch"):
            return Reading(of, None)
        end = period.day
        monthly = self.word(period.stop - 1) == "month" or self.word(period.stop - 1) in _MONTHS

        def found(said: date) -> date:
            day = end(said)
            if weekday is not None and monthly:
                return days.nth_weekday(day.year, day.month, weekday, number)
            if number == -1 and weekday is None:
                return min(day, days.monday_of(day) + timedelta(days.FRIDAY)) if working else day
            if number == 1 and whole and monthly:
                return day.replace(day=1)
            raise ValueError("a day that is not known")

        return Reading(period.stop, found)

    # --- longer times

    def _period(self, index: int) -> Reading | None:
        """ "this week", "next month", "the week after next", "the week of March 3rd"."""
        if of := self.after(
            index, *(f"the week {word}" for word in ("of", "beginning", "starting", "commencing", "from"))
        ):
            point = self.read(self._skip(of, "on"))
            if point is None or point.day is None or point.kind not in ("day", "ordinal"):
                return Reading(of, None, "period")
            day = point.day
            return Reading(point.stop, lambda said: days.week_end(day(said)), "period")
        at = self._skip(index, "this", "next", "the", "the following", "the coming", "this coming", "the same")
        said_first = " ".join(self.word(i) for i in range(index, at))
        unit = self.word(at)
        if unit not in ("week", "month", "quarter", "year", "weekend"):
            return None
        stop = at + 1
        if said_first in ("the", "") and (after := self.after(stop, "after next")):
            return Reading(after, _end_of_unit(unit, 2), "period")
        if said_first == "the" and (other := self.after(stop, "after", "before last", "before", "after that")):
            return Reading(other, None, "period")
        match said_first:
            case "the":
                return Reading(stop, _end_of_unit(unit, 0), "stretch")
            case "this" | "next":
                ahead = said_first == "next"
                if unit == "week" and (weekday := self._weekday_in(stop, int(ahead))):
                    return weekday
                if again := self.after(stop, f"or the {unit} after", f"or the {unit} after that"):
                    return Reading(again, _end_of_unit(unit, ahead + 1), "period")
                if not ahead and (again := self.after(stop, "or next")):
                    return Reading(again + (self.word(again) == unit), _end_of_unit(unit, 1), "period")
                stop = self._skip(stop, "sometime", "some time")
                return Reading(stop, _end_of_unit(unit, int(ahead)), "period")
            case "":
                return None
            case _:
                return Reading(stop, None, "period")

    def _weekday_in(self, index: int, weeks: int) -> Reading | None:
        """A weekday that follows its week: "next week on Tuesday"."""
        at = self._skip(index, ", on", ",", "on", ", by", "by")
        number = _WEEKDAYS.get(self.word(at))
        if number is None or self.word(at + 1) == "'s":
            return None
        joined = self.after(at + 1, "or", "and", "to")
        if joined is not None and (later := _WEEKDAYS.get(self.word(joined))) is not None:
            at, number = joined, max(number, later)
        return Reading(at + 1, _weekday_in(weeks, number))

    def _month(self, index: int) -> Reading | None:
        at = self._skip(index, "this", "next")
        month = self._month_at(at)
        if month is None:
            return None
        stop, number = month
        if year := self._year_at(stop):
            after, first = year
            return Reading(
                after, None if first is None else lambda said: days.month_end(first(said).year, number), "stretch"
            )
        if self.word(index) == "next":

            def only(said: date) -> date:
                if number >= said.month:
                    raise ValueError("of this year or the next")
                return days.next_month(said, number)

            return Reading(stop, only, "stretch")
        return Reading(stop, lambda said: days.next_month(said, number), "stretch")

    def _quarter(self, index: int) -> Reading | None:
        at = self._skip(index, "the")
        if match := re.fullmatch(r"q([1-4])", self._joined(at)):
            stop, number = at + (1 if self.word(at) != "q" else 2), int(match[1])
        elif at > index and (named := self._ordinal_at(at)) and named[1] <= 4 and self.word(named[0]) == "quarter":
            stop, number = named[0] + 1, named[1]
        else:
            return None
        if year := self._year_at(stop):
            after, first = year
            return Reading(
                after, None if first is None else lambda said: days.quarter_end(first(said).year, number), "stretch"
            )

        def coming(said: date) -> date:
            end = days.quarter_end(said.year + (number < days.quarter_of(said)), number)
            days.next_month(said, end.month)  # one that has just passed is not meant
            return end

        return Reading(stop, coming, "stretch")

    def _joined(self, index: int) -> str:
        """ "Q3", whether written as one token or two."""
        word = self.word(index)
        return word + self.word(index + 1) if word == "q" else word

    def _span(self, index: int) -> Reading | None:
        """ "in two weeks", "within three days", "over the next month"."""
        at = self.after(index, "in", "within", "inside", "over", "during")
        if at is None:
            return None
        ahead = self.after(at, "the next", "the coming", "these next", "next", "the following")
        counted = self._amount(ahead if ahead is not None else at, without_number=ahead is not None)
        if counted is None or (ahead is None and self.word(index) in ("over", "during")):
            return None
        stop, add = counted
        if self.word(index) == "within" and ahead is None and self.word(at) == "the":
            return None
        relative = self.after(stop, "of", "from", "after", "before", "prior to")
        if relative is not None:
            return Reading(relative, None, "span")
        return Reading(stop, add, "span")

    def _amount(self, index: int, *, without_number: bool = False) -> tuple[int, Callable[[date], date] | None] | None:
        """A length of time as the token after it and what adds it to a day; None adds nothing that is known."""
        number = self._number(index)
        if number is None:
            if not without_number:
                return None
            number = index, (None if self.word(index).endswith("s") else 1)
        at, count = number
        at = self._skip(at, "more", "full", "whole", "short")
        unit = self._unit(at)
        if unit is None:
            return None
        stop, name = unit
        if also := self.after(stop, "or two"):
            stop, count = also, 2 if count == 1 else None
        if half := self.after(stop, "and a half", "or so", "or more", "or less"):
            return half, None
        stop = self._skip(stop, "'s time", "' time", "time")
        return stop, None if count is None else _adding(name, count)

    def _counted(self, index: int) -> Reading | None:
        """A length of time counted from a day: "a week from Friday", "two weeks from now", "a fortnight today"."""
        counted = self._amount(index)
        if counted is None:
            return None
        stop, add = counted
        if other := self.after(
            stop, "ago", "later", "earlier", "before", "prior", "back", "after that", "from then", "from that", "old"
        ):
            return Reading(other, None, "span")
        weeks = self.word(stop - 1).removesuffix("s") in ("week", "fortnight")
        start = self.after(stop, "from", "after", "on") or (stop if weeks else None)
        if start is None or (self.word(stop) == "on" and not weeks):
            return None
        if now := self.after(start, "now", "today", "this call", "this meeting"):
            return Reading(now, add, "day")
        point = self.read(start)
        if point is None or point.kind not in ("near", "day", "ordinal"):
            return Reading(start, None, "span") if start > stop and self.word(stop) != "on" else None
        base = point.counted_from or point.day
        if add is None or base is None:
            return Reading(point.stop, None)
        return Reading(point.stop, lambda said: add(base(said)))

    def _end_of(self, index: int) -> Reading | None:
        """ "the end of next week", "end of November", "EOM"."""
        short = {"eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}
        if unit := short.get(self.word(index)):
            if after := self.after(index + 1, f"next {unit}"):
                return Reading(after, _end_of_unit(unit, 1), "deadline")
            return Reading(index + 1, _end_of_unit(unit, 0), "deadline")
        hyphened = re.fullmatch(r"(month|quarter|year)-end", self.word(index))
        if hyphened:
            return Reading(index + 1, _end_of_unit(hyphened[1], 0), "stretch")
        if self.word(index) in ("week", "month", "quarter", "year") and (
            stop := self.after(index + 1, "'s end", "end")
        ):
            return Reading(stop, _end_of_unit(self.word(index), 0), "stretch")
        at = self.after(
            index,
            *("the end of", "end of", "the very end of", "at the end of", "the close of", "the last day of"),
            *("end", "the tail end of", "the end"),
        )
        if at is None:
            return None
        bare = self.word(at)
        if bare in ("week", "month", "quarter", "year") and self.word(at - 1) in ("of", "end"):
            if weekday := self._with_weekday_after(at + 1, bare):
                return weekday
            return Reading(at + 1, _end_of_unit(bare, 0), "deadline")
        if self.word(at - 1) == "end" and bare not in _MONTHS:
            return None
        target = self.read(at)
        if target is None or (target.kind in ("span", "deadline")):
            return None
        kind: Kind = "day" if target.kind in ("near", "day", "short") else "deadline"
        return replace(target, kind=kind, counted_from=None, is_weekday=False)

    def _with_weekday_after(self, index: int, unit: str) -> Reading | None:
        """ "end of week Friday": the same day said twice, or a contradiction."""
        number = _WEEKDAYS.get(self.word(index))
        if number is None or unit != "week":
            return None
        return Reading(index + 1, days.week_end if number == days.FRIDAY else None, "deadline")

    def _close_of_day(self, index: int) -> Reading | None:
        """ "EOD", "close of business tomorrow", "the end of the day on Friday"."""
        at = self.after(
            index,
            *("eod", "cob", "eob", "cop", "close of business", "close of play", "close of trading", "end of business"),
            *(
                "end of play",
                "end of day",
                "the end of day",
                "end of the day",
                "the end of the day",
                "the close of business",
            ),
            *("end of the working day", "the end of the working day", "end of the business day", "end of work"),
            *("the end of the business day", "the end of the workday", "end of working day", "end of business day"),
            *("the end of business", "the end of this day", "end of today", "the end of play", "the close of play"),
        )
        if at is None:
            return None
        start = self._skip(at, "on", ",", "on the", "the")
        point = self.read(start)
        if point is not None and point.kind in ("near", "day", "short"):
            return replace(point, kind="day", counted_from=None)
        if self.word(at) == "on" and point is not None and point.kind in ("ordinal", "figures"):
            return replace(point, kind="day")
        return Reading(at, _plus(0), "deadline")

    def _vague(self, index: int) -> Reading | None:
        """A part of a longer time: only its end is a last day."""
        if self.word(index).startswith(("mid-", "early-", "late-")):
            rest = self.word(index).partition("-")[2]
            known = rest in _MONTHS or rest in _UNITS or rest in _WEEKDAYS or rest in _SHORT_MONTHS
            return Reading(index + 1, None, "period") if known else None
        starts = self.after(
            index,
            *("early", "early in", "mid", "the beginning of", "beginning of", "the start of", "start of", "earlier"),
            *("the middle of", "middle of", "the first half of", "the first week of", "the second week of"),
            *(
                "the third week of",
                "the last week of",
                "the first days of",
                "around the beginning of",
                "midway through",
            ),
            *("the first week in", "the second week in", "the third week in", "the last week in", "halfway through"),
        )
        ends = self.after(
            index,
            *("late", "late in", "later", "later in", "the second half of", "towards the end of", "toward the end of"),
            *("sometime", "sometime in", "some time", "some time in", "sometime during", "some point", "at some point"),
            *("at some point in", "sometime on", "first thing", "first thing on", "early on", "late on", "later on"),
            *("the very latest",),
        )
        at = starts if starts is not None else ends
        if at is None:
            return None
        target = self.read(at)
        if target is None:
            return None
        if target.kind in ("near", "day", "short") and self.word(index) not in ("the", "earlier"):
            return replace(target, counted_from=None)
        kind: Kind = "period" if target.kind == "stretch" else target.kind
        passed = starts is not None or self.word(index) == "earlier"
        return replace(target, kind=kind, day=None if passed else target.day, counted_from=None)

    def _range(self, index: int) -> Reading | None:
        """ "between Monday and Wednesday", "from Monday to Wednesday"."""
        word = self.word(index)
        first = self.read(self._skip(index + 1, "now", "next")) if word in ("between", "from") else None
        if word in ("between", "from") and self.word(index + 1) == "now":
            first = Reading(index + 2, _plus(0), "near")
        if first is None:
            return None
        joiners = ("and",) if word == "between" else ("to", "until", "till", "through", "thru", "-", "–")
        at = self.after(first.stop, *joiners)
        second = self.read(at) if at is not None else None
        return Reading(second.stop, self.later(first, second)) if second is not None else None

    @staticmethod
    def later(first: Reading, second: Reading, *, in_turn: bool = True) -> Day | None:
        """The last day of two expressions.

        Args:
            in_turn: whether the second comes after the first, so that a weekday may be the one of the week after; else
                no day where it does not.
        """
        one, other = first.day, second.day
        if one is None or other is None:
            return None

        def last(said: date) -> date:
            begin, end = one(said), other(said)
            if end < begin:
                if not second.is_weekday or not in_turn:
                    raise ValueError("not in order")
                end += timedelta(7 * ((begin - end).days // 7 + 1))
            return end

        return last

    # --- no time to come

    def _past(self, index: int) -> Reading | None:
        """What is over, what recurs, and what nobody can tell."""
        at = self.after(
            index,
            *("last", "this past", "the past", "past", "the last", "the previous", "previous", "this last"),
            *("every", "each", "every other", "any", "most", "all", "every single", "every second", "the whole"),
            *("the following", "the same", "that", "those", "one", "some", "a", "an", "another", "whole", "no"),
        )
        if at is None:
            return None
        word = self.word(at)
        number = self._number(at)
        if (
            number is not None
            and (unit := self._unit(number[0]))
            and self.word(index) not in ("a", "an", "that", "one")
        ):
            return Reading(unit[0], None)
        if self.word(index) == "that" and self.word(index - 1) == "make":
            return None
        indefinite = self.word(at - 1) in ("a", "an", "one", "that", "some", "no", "another")
        if word in _WEEKDAYS or word.removesuffix("s") in _WEEKDAYS:
            stop = self._skip(at + 1, "and tuesday", "morning", "afternoon", "evening", "night", "mornings", "evenings")
            return Reading(stop, None)
        if indefinite:
            return None
        if self._month_at(at) or word.removesuffix("s") in (*_UNITS, "night", "evening", "morning", "afternoon"):
            return Reading(at + 1, None)
        return None


def _weekday_in(weeks: int, weekday: int) -> Day:
    """A weekday of this week, or of a later one."""
    return lambda said: days.monday_of(said, weeks) + timedelta(weekday)


def _day_of_month(months: int, number: int) -> Day:
    """A day of this month, or of a later one."""
    return lambda said: days.month_end(said.year, said.month + months).replace(day=number)


def _end_of_unit(unit: str, ahead: int) -> Day:
    """The last day of this week, month, ...; or of a later one."""

    def end(said: date) -> date:
        match unit:
            case "week":
                return days.week_end(said, ahead)
            case "weekend":
                return days.monday_of(said, ahead) + timedelta(days.SATURDAY) if ahead else days.weekend_end(said)
            case "month":
                return days.month_end(said.year, said.month + ahead)
            case "quarter":
                return days.quarter_end(said.year, days.quarter_of(said) + ahead)
            case _:
                return date(said.year + ahead, 12, 31)

    return end


def _adding(unit: str, count: int) -> Day | None:
    """What adds so many units to a day."""
    match unit:
        case "day":
            return lambda day: day + timedelta(count)
        case "week":
            return lambda day: day + timedelta(7 * count)
        case "fortnight":
            return lambda day: day + timedelta(14 * count)
        case "workday":
            return lambda day: days.add_working_days(day, count)
        case "month":
            return lambda day: days.add_months(day, count)
        case "year":
            return lambda day: days.add_months(day, 12 * count)
        case "hour" if count >= 24 and count % 24 == 0:
            return lambda day: day + timedelta(count // 24)
        case _:
            return None
