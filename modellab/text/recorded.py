"""On which day a recording was made: what "tomorrow" in it is the day after of.

Days are local: those of the place where it was recorded, when the file knows its offset from UTC, else of the lab's
time zone. Phones write both: `creation_time` in UTC, and beside it when it was there.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from modellab.errors import InputRefused
from modellab.local_days import local_day
from modellab.media.opening import read_tags

_TAGS = (
    *("com.apple.quicktime.creationdate", "creation_time", "date", "creation_date", "date-eng", "date_recorded"),
    *("recorded_date", "originationdate", "date_time_original", "tdrc", "icrd", "idit"),
)
"""The first that holds a day counts, after those with an offset and those in UTC."""
_EARLIEST = date(1990, 1, 1)
"""Clocks that were never set give 1904 or 1970."""
_SEPARATED = re.compile(r"^(\d{4})[:/.](\d{2})[:/.](\d{2})(?=\D|$)")
"""Exif writes colons, some recorders slashes."""
_SPELLED = ("%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S", "%d %b %Y", "%b %d, %Y")


def tagged_date(path: Path, zone: str) -> date | None:
    """The day that a media file's own tags say it was recorded; None without a believable one.

    Args:
        zone: whose days instants in UTC fall on.
    """
    try:
        tags = read_tags(path)
    except InputRefused:
        return None  # what can't be read says nothing; the step that decodes the file says what is wrong with it
    return day_in_tags(tags, zone)


def day_in_tags(tags: Mapping[str, str], zone: str) -> date | None:
    """The day in some tags: by one with the recorder's own offset, else by one in UTC, else by one without either."""
    found = list(_times(tags))
    with_offset = [time.date() for time, is_utc in found if time.tzinfo is not None and not is_utc]
    in_utc = [local_day(time, zone) for time, is_utc in found if is_utc]
    as_written = [time.date() for time, _ in found if time.tzinfo is None]
    return next((day for day in (*with_offset, *in_utc, *as_written) if day >= _EARLIEST), None)


def _times(tags: Mapping[str, str]) -> Iterator[tuple[datetime, bool]]:
    """The times in some tags, and whether each is an instant in UTC that says nothing of where it was."""
    for name in _TAGS:
        written = tags.get(name, "").strip()
        time = _time(written)
        if time is not None:
            yield time, time.tzinfo is not None and written.endswith(("Z", "z", "UTC"))


def _time(written: str) -> datetime | None:
    written = re.sub(r" ?UTC$", "+00:00", _SEPARATED.sub(r"\1-\2-\3", written))
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        pass
    for form in _SPELLED:
        try:
            return datetime.strptime(written, form)
        except ValueError:
            continue
    return None


def recording_date(given: date | None, path: Path | None, registered_at: str, zone: str | None) -> tuple[date, str]:
    """The day, and where it comes from: `parameter`, `file` (its tags) or `registered` (when the lab got the file).

    Args:
        path: None of a file that has no tags: a text.
        registered_at: an instant, ISO 8601.
        zone: IANA name of the time zone whose days instants fall on; None will do where a day is given.
    """
    if given:
        return given, "parameter"
    assert zone is not None
    if path is not None and (tagged := tagged_date(path, zone)):
        return tagged, "file"
    return local_day(datetime.fromisoformat(registered_at), zone), "registered"
