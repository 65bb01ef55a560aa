"""Spans of time and sizes as people type them: `30d`, `12h`, `1GB`, `500 MiB`."""

import re

from modellab.errors import UsageError

_SPANS_S = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SPAN = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([mhdw])\s*$", re.IGNORECASE)
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*$", re.IGNORECASE)


def span_s(text: str, option: str) -> float:
    """Seconds of a span of minutes, hours, days or weeks.

    Raises:
        UsageError: it is none.
    """
    if not (found := _SPAN.match(text)):
        raise UsageError(f"{option} wants a span of time", found=repr(text), allowed="30m, 12h, 30d, 2w")
    return float(found[1]) * _SPANS_S[found[2].lower()]


def size_bytes(text: str, option: str) -> int:
    """Bytes of a size: KB, MB, GB and TB are thousands of each other, KiB to TiB 1024 times.

    Raises:
        UsageError: it is none.
    """
    if not (found := _SIZE.match(text)):
        raise UsageError(f"{option} wants a size", found=repr(text), allowed="500MB, 1GB, 1.5GiB")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _UNITS[found[2].upper()])
