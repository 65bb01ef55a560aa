"""How long a sweep may take, as people write it."""

import re

from modellab.errors import UsageError

_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?")


def seconds_of(text: str) -> float:
    """Seconds in a text such as `30m`, `1h30m`, `90s` or `1.5h`.

    Raises:
        UsageError: it is none, or no time at all.
    """
    found = _PARTS.fullmatch(re.sub(r"\s+", "", text.lower()))
    parts = [float(part or 0) for part in found.groups()] if found else []
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if total <= 0:
        raise UsageError(f"{text!r} is no budget", allowed="hours, minutes, seconds: 30m, 1h30m, 90s")
    return total
