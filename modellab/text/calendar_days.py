"""Arithmetic of calendar days. Everything here raises OverflowError or ValueError where there is no such day."""

import calendar
from datetime import date, timedelta

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6
_WORKING_DAYS = 5
"""Monday to Friday; holidays differ from place to place and are not known."""
_LONGEST_WITHOUT_YEAR_D = 305
"""A date said without its year and this many days ahead has rather just passed."""


def following(day: date, weekday: int) -> date:
    """The next such weekday after a day, never the day itself."""
    return day + timedelta((weekday - day.weekday() - 1) % 7 + 1)


def on_or_after(day: date, weekday: int) -> date:
    """The next such weekday, which may be the day itself."""
    return day + timedelta((weekday - day.weekday()) % 7)


def monday_of(day: date, weeks: int = 0) -> date:
    """The Monday of the week that a day lies in, or of a later week."""
    return day + timedelta(7 * weeks - day.weekday())


def week_end(day: date, weeks: int = 0) -> date:
    """The Friday of a day's week, or of a later one. On a weekend both this week and the next are the coming one."""
    if day.weekday() > FRIDAY:
        weeks = max(weeks, 1)
    return monday_of(day, weeks) + timedelta(FRIDAY)


def weekend_end(day: date) -> date:
    """The Sunday of a day's week."""
    return on_or_after(day, SUNDAY)


def month_end(year: int, month: int) -> date:
    """The last day of a month; a month past December lies in the next year."""
    year, month = _roll(year, month)
    return date(year, month, calendar.monthrange(year, month)[1])


def quarter_end(year: int, quarter: int) -> date:
    """The last day of a quarter, 1 to 4, or of a later one."""
    return month_end(year, 3 * quarter)


def quarter_of(day: date) -> int:
    """Number of a day's quarter, from 1."""
    return (day.month + 2) // 3


def add_months(day: date, months: int) -> date:
    """The same day some months later, or that month's last day where it is shorter."""
    end = month_end(day.year, day.month + months)
    return end.replace(day=min(day.day, end.day))


def add_working_days(day: date, count: int) -> date:
    """The day that is so many working days later."""
    weeks, rest = divmod(count, _WORKING_DAYS)
    day = min(day, monday_of(day) + timedelta(FRIDAY)) + timedelta(7 * weeks)
    for _ in range(rest):
        day = following(day, 0) if day.weekday() >= FRIDAY else day + timedelta(1)
    return day


def nth_weekday(year: int, month: int, weekday: int, number: int) -> date:
    """The first, second, ... such weekday of a month; the last one where `number` is -1."""
    end = month_end(year, month)
    if number < 0:
        return end - timedelta((end.weekday() - weekday) % 7)
    first = on_or_after(end.replace(day=1), weekday)
    return first.replace(day=first.day + 7 * (number - 1))


def next_day_of_month(day: date, number: int) -> date:
    """The next day after another that has a number in its month: the fourteenth."""
    for months in range(12):
        end = month_end(day.year, day.month + months)
        if number <= end.day and end.replace(day=number) > day:
            return end.replace(day=number)
    raise ValueError(f"no month has a day {number}")


def next_date(day: date, month: int, number: int) -> date:
    """The next date of a month, which may be the day itself.

    Raises:
        ValueError: there is none within ten months: it is no date, or has just passed.
    """
    for year in (day.year, day.year + 1):
        if number > month_end(year, month).day:
            continue
        found = date(year, month, number)
        if 0 <= (found - day).days <= _LONGEST_WITHOUT_YEAR_D:
            return found
    raise ValueError(f"no day {number} of month {month} in the next ten months")


def next_month(day: date, month: int) -> date:
    """The last day of the next month of that number, which may be the day's own month.

    Raises:
        ValueError: it has just passed: the next one is over ten months away.
    """
    end = month_end(day.year + (month < day.month), month)
    if month < day.month and (end - day).days > _LONGEST_WITHOUT_YEAR_D:
        raise ValueError(f"month {month} has just passed")
    return end


def _roll(year: int, month: int) -> tuple[int, int]:
    """A month number past December as one of a later year."""
    return year + (month - 1) // 12, (month - 1) % 12 + 1
