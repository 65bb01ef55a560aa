"""On which day a recording was made: what "tomorrow" in it is the day after of."""

from datetime import date, datetime
from pathlib import Path

from modellab.media.opening import read_tags

_TAGS = ("creation_time", "com.apple.quicktime.creationdate", "date", "creation_date")
_EARLIEST = date(1990, 1, 1)
"""Clocks that were never set give 1904 or 1970."""


def tagged_date(path: Path) -> date | None:
    """The day that a media file's own tags say it was recorded; None without a believable one."""
    tags = read_tags(path)
    for name in _TAGS:
        try:
            day = datetime.fromisoformat(tags[name]).date()
        except (KeyError, ValueError):
            continue
        if day >= _EARLIEST:
            return day
    return None


def recording_date(given: date | None, path: Path, registered_at: str) -> tuple[date, str]:
    """The day, and where it comes from: `parameter`, `file` (its tags) or `registered` (when the lab got the file)."""
    if given:
        return given, "parameter"
    if tagged := tagged_date(path):
        return tagged, "file"
    return datetime.fromisoformat(registered_at).date(), "registered"
