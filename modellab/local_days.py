"""Days on the wall calendar: an instant is one only in a time zone."""

import logging
import os
import time
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

_log = logging.getLogger(__name__)
_CRON_FIELDS = 5
_UTC_NAMES = frozenset(
    {"Etc/UTC", "Etc/UCT", "UCT", "Etc/Zulu", "Zulu", "Etc/Universal", "Universal", "Etc/GMT", "GMT"}
)
"""The same zone: whichever a machine calls it, a result has one name."""


def checked_zone(name: str) -> str:
    """A time zone's name, if the IANA database has it.

    Raises:
        ValueError: it has not.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as Europe/Berlin") from error
    return "UTC" if name in _UTC_NAMES else name


def checked_cron(text: str) -> str:
    """When something is due, as cron says it, if it is five fields that make sense: `30 1 * * 1-5`.

    Raises:
        ValueError: they don't, or the day never comes.
    """
    from cronsim import CronSim, CronSimError

    try:
        if len(text.split()) != _CRON_FIELDS:
            raise CronSimError("Wrong number of fields")
        CronSim(text, datetime(2026, 1, 1))
    except CronSimError as error:
        said = f"{text!r} is no schedule: {str(error).lower()}"
        raise ValueError(f"{said}; minute, hour, day, month, weekday: 30 1 * * 1-5") from error
    return text


def machine_zone() -> str:
    """The IANA name of this machine's time zone; of its offset from UTC where it has no such name."""
    import tzlocal

    named: tuple[Callable[[], str], ...] = (
        lambda: os.environ.get("TZ", "").removeprefix(":"),
        tzlocal.get_localzone_name,
    )
    for name in named:
        try:
            return checked_zone(name())
        except (ValueError, KeyError, OSError):
            continue
    offset_h = round(time.localtime().tm_gmtoff / 3600)
    offset = f"Etc/GMT{-offset_h:+d}" if offset_h else "UTC"
    _log.warning("this machine's time zone has no IANA name; days are those of %s. Set MODELLAB_TIMEZONE.", offset)
    return offset


def local_time(instant: datetime, zone: str) -> datetime:
    """An instant as the clocks of a zone show it. A time without an offset is wall time already."""
    if instant.tzinfo is None:
        return instant
    try:
        return instant.astimezone(ZoneInfo(zone))
    except OverflowError:  # at the calendar's edges there is no other day
        return instant


def local_day(instant: datetime, zone: str) -> date:
    """The day that an instant falls on in a zone. A time without an offset is wall time already.

    Args:
        zone: an IANA name.
    """
    return local_time(instant, zone).date()
