"""English words for a time to come, and the day they mean.

Conventions: a weekday is the next one after the recording, never its own day; "next <weekday>" lies in the following
week; weeks end on Friday (said on a weekend, "this week" is the coming one); a month or a quarter ends on its last day;
"the weekend" ends on Sunday, "next weekend" begins on the Saturday of the following week.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from modellab.text.english import word_list

_WEEKDAYS = [name.lower() for name in calendar.day_name]
_MONTHS = [name.lower() for name in calendar.month_name[1:]]
_ORDINALS = word_list("ordinals")
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6

_WEEKDAY = "|".join(_WEEKDAYS)
_MONTH = "|".join(_MONTHS)
_ORDINAL = r"(?:\d{1,2}(?:st|nd|rd|th)|" + "|".join(sorted(_ORDINALS, key=len, reverse=True)) + ")"
_PART = r"(?:\ morning|\ afternoon|\ evening|\ night|\ at\ noon)?"
_COUNT = r"(?:a\ couple\ of|an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})"
_TIME = rf"""(?:
    (?:the\ )?day\ after\ tomorrow | (?:tomorrow|today){_PART} | tonight | this\ (?:morning|afternoon|evening)
  | (?:the\ )?end\ of\ (?:the|this|next)\ (?:day|week|month|quarter|year) | end\ of\ day
  | (?:this|next|the)\ (?:week|month|quarter|year|weekend)(?!\w)
  | (?:this\ |next\ |the\ coming\ )?(?:{_WEEKDAY}){_PART}(?!s)
  | (?:the\ )?{_ORDINAL}\ of\ (?:{_MONTH}) | (?:{_MONTH})\ (?:the\ )?(?:{_ORDINAL}|\d{{1,2}}) | \d{{1,2}}\ (?:{_MONTH})
  | (?:the\ ){_ORDINAL}(?=[\s,.;!?]*(?:$|so\b|and\b|but\b|[.,;!?]))
  | (?<=in\ )(?:{_MONTH}) | (?<=by\ )(?:{_MONTH})
  | (?:in|within)\ {_COUNT}\ (?:days?|weeks?|months?)
  | right\ away | immediately | straight\ away | right\ after\ this\ (?:call|meeting) | right\ now
)"""
_LEAD = rf"(?:(?:no\ later\ than|by|until|till|before|due|over|during|on|for|at|in(?=\ (?:{_MONTH}|the)))\ )?"
DUE = re.compile(rf"(?<!\w)(?P<lead>{_LEAD})(?P<time>{_TIME})(?!\w)", re.IGNORECASE | re.VERBOSE)
_EVENT = re.compile(
    r"\b(?:before|until|by|for) (?:we|the next|our next|lunch|christmas|easter)\b[^,.;!?]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Due:
    """When something is to be done: the words (characters `start` to `end` of the sentence), and the day."""

    text: str
    start: int
    end: int
    day: date | None
    """None when the words name an event, not a day."""


def without_due(text: str) -> str:
    """A text without its words for times to come."""
    return re.sub(r"\s{2,}", " ", _EVENT.sub("", DUE.sub("", text)))


def find_due(sentence: str, said_on: date) -> Due | None:
    """The time to come that a sentence names, the last of several; None when it names none."""
    for match in reversed(list(DUE.finditer(sentence))):
        day = resolve(match["time"], said_on)
        if day is not None:
            return Due(match[0].strip(), match.start(), match.end(), day)
    if event := _EVENT.search(sentence):
        return Due(event[0].strip(), event.start(), event.end(), None)
    return None


def resolve_due(words: str, said_on: date, language: str | None) -> date | None:
    """The day that a due time names, in any language dateparser knows; English by the conventions above."""
    if language in ("en", None):
        due = find_due(words, said_on)
        return due.day if due else None
    import dateparser

    if language not in _dateparser_languages():
        return None
    found = dateparser.parse(words, languages=[language], settings=_settings(said_on))
    return found.date() if found and found.date() >= said_on else None


def resolve(words: str, said_on: date) -> date | None:
    """The last day that words such as "next week" or "March 18th" allow; None for words that name no day to come."""
    text = re.sub(r"\s+", " ", words.lower()).strip()
    if text.startswith(("today", "tonight", "this morning", "this afternoon", "this evening", "right", "immediately")):
        return said_on
    if text in {"straight away", "end of day", "end of the day", "the end of the day"}:
        return said_on
    if text.startswith("tomorrow"):
        return said_on + timedelta(1)
    for rule in (_week_or_longer, _weekday, _ordinal_only, _month_only, _parsed):
        if (day := rule(text, said_on)) is not None:
            return day
    return None


def _week_or_longer(text: str, said_on: date) -> date | None:
    match = re.search(r"(the|this|next) (week|month|quarter|year|weekend)$", text)
    if not match:
        return None
    ahead = match[1] == "next"
    match match[2]:
        case "weekend":
            return (
                _next_monday(said_on) + timedelta(_SATURDAY)
                if ahead
                else said_on + timedelta(_SUNDAY - said_on.weekday())
            )
        case "week":
            friday = said_on + timedelta((_FRIDAY - said_on.weekday()) % 7)
            return friday + timedelta(7 if ahead and said_on.weekday() <= _FRIDAY else 0)
        case "month":
            return _month_end(said_on.year, said_on.month + ahead)
        case "quarter":
            return _month_end(said_on.year, (said_on.month + 2) // 3 * 3 + 3 * ahead)
        case _:
            return date(said_on.year + ahead, 12, 31)


def _weekday(text: str, said_on: date) -> date | None:
    match = re.match(rf"(this |next |the coming )?({_WEEKDAY})\b", text)
    if not match:
        return None
    wanted = _WEEKDAYS.index(match[2])
    if match[1] == "next ":
        return _next_monday(said_on) + timedelta(wanted)
    return _following(said_on, wanted)


def _ordinal_only(text: str, said_on: date) -> date | None:
    match = re.fullmatch(rf"the ({_ORDINAL})", text)
    if not match:
        return None
    wanted = _ordinal(match[1])
    for months in range(12):
        year, month = _roll(said_on.year, said_on.month + months)
        if wanted <= calendar.monthrange(year, month)[1] and date(year, month, wanted) > said_on:
            return date(year, month, wanted)
    return None


def _month_only(text: str, said_on: date) -> date | None:
    if text not in _MONTHS:
        return None
    month = _MONTHS.index(text) + 1
    return _month_end(said_on.year + (month < said_on.month), month)


def _parsed(text: str, said_on: date) -> date | None:
    import dateparser

    plain = re.sub(_ORDINAL, lambda match: str(_ordinal(match[0])), text)
    plain = plain.removeprefix("the ").replace(" of ", " ").replace("within ", "in ").replace("a couple of", "two")
    found = dateparser.parse(plain, languages=["en"], settings=_settings(said_on))
    return found.date() if found and found.date() >= said_on else None


def _settings(said_on: date) -> dict[str, object]:
    return {"RELATIVE_BASE": datetime.combine(said_on, time()), "PREFER_DATES_FROM": "future"}


def _dateparser_languages() -> frozenset[str]:
    from dateparser.data.languages_info import language_order

    return frozenset(language_order)


def _next_monday(said_on: date) -> date:
    return said_on + timedelta(7 - said_on.weekday())


def _following(said_on: date, weekday: int) -> date:
    """The next such weekday after a day."""
    return said_on + timedelta((weekday - said_on.weekday() - 1) % 7 + 1)


def _month_end(year: int, month: int) -> date:
    year, month = _roll(year, month)
    return date(year, month, calendar.monthrange(year, month)[1])


def _roll(year: int, month: int) -> tuple[int, int]:
    """A month number past December as one of the next year."""
    return year + (month - 1) // 12, (month - 1) % 12 + 1


def _ordinal(word: str) -> int:
    return _ORDINALS.index(word) + 1 if word in _ORDINALS else int(re.sub(r"\D", "", word))
