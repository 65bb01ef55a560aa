"""Days named in languages other than English, as far as dateparser is to be relied on.

It takes a text as a whole or not at all, so nothing is found within a longer expression. But it fills in what was not
said ("Mai" is a day of May to it, "um 3 Uhr" the third), and it counts weeks from day to day: "nächste Woche" names no
day. Only what says a day is taken: today and tomorrow, so many days or at least two weeks ahead, a weekday, a day and
its month.
"""

from datetime import date, datetime, time, timedelta

_WEEK = timedelta(7)


def day_in_language(words: str, said_on: date, language: str) -> date | None:
    """The day to come that some words name, all of them together; None where they name none that is sure.

    Args:
        language: ISO 639-1 code.
    """
    from dateparser.data.languages_info import language_order

    if language not in language_order:
        return None
    try:
        found = _dated(words, said_on, language) or _weekday(words, said_on, language)
    except Exception:  # dateparser raises whatever its arithmetic does, on days that no calendar has
        return None
    return found if found is not None and found >= said_on else None


def _dated(words: str, said_on: date, language: str) -> date | None:
    """A day with its month, or so many days from now."""
    found, period = _parsed(words, said_on, language, require=["day", "month"])
    if found is None or period not in ("day", "week") or (period == "week" and found - said_on < 2 * _WEEK):
        return None
    return found


def _weekday(words: str, said_on: date, language: str) -> date | None:
    """A weekday: what a week later means the day a week later."""
    if any(character.isdecimal() for character in words):
        return None
    found, period = _parsed(words, said_on, language, require=[])
    later, _ = _parsed(words, said_on + _WEEK, language, require=[])
    if found is None or later is None or period != "day":
        return None
    return found if later - found == _WEEK and found - said_on <= _WEEK else None


def _parsed(words: str, said_on: date, language: str, *, require: list[str]) -> tuple[date | None, str]:
    """What dateparser makes of words, and how exact they are: `day`, `week`, `month` or `year`."""
    from dateparser.date import DateDataParser

    settings = {
        "RELATIVE_BASE": datetime.combine(said_on, time()),
        "PREFER_DATES_FROM": "future",
        "REQUIRE_PARTS": require,
    }
    data = DateDataParser(languages=[language], settings=settings).get_date_data(words)
    return (data.date_obj.date() if data.date_obj else None), str(data.period)
