"""Text and file names from outside, made safe to show and to write."""

import re
import unicodedata
from datetime import date

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates: they can make a name or a line read as something else (Unicode TR 36)."""
_NO_CHARACTERS = frozenset("\ufffe\uffff")
"""Unicode keeps them free for programs, and XML allows them nowhere."""
_UNSHOWN = _BIDI_CONTROLS | _NO_CHARACTERS
_MAX_NAME_BYTES = 80
"""Leaves room for an ending and for a download's `(1)` below the 255 bytes that file systems allow."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""In English, as the whole pack is; `strftime` follows the machine's locale."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RESERVED_ON_WINDOWS = re.compile(r"^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])$", re.IGNORECASE)


def clean(text: str) -> str:
    """Text fit to show: white space as single spaces, without control characters, noncharacters, bidi overrides or lone
    surrogates.

    Joiners and direction marks stay, because scripts need them.
    """
    text = text.encode("utf-8", "replace").decode()
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if c not in _UNSHOWN and unicodedata.category(c) not in ("Cc", "Cs"))


def title_of(file_name: str) -> str:
    """A recording's title: its file name without the ending, with spaces for underscores."""
    stem = file_name.rpartition(".")[0] or file_name
    return clean(stem.replace("_", " ")) or "Recording"


def safe_name(file_name: str, fallback: str) -> str:
    """A file name's stem that every file system, zip tool and space-separated format takes.

    Letters (of any script), digits, `_` and `-`; at most 80 bytes of UTF-8; never a name Windows reserves.

    Args:
        fallback: used when nothing of the name is left.
    """
    stem = unicodedata.normalize("NFC", clean(file_name.rpartition(".")[0] or file_name))
    kept = "".join(c if c.isalnum() or c in "_-" else "-" for c in stem)
    short = re.sub(r"-{2,}", "-", kept).encode()[:_MAX_NAME_BYTES].decode("utf-8", "ignore").strip("-_")
    if not short or _RESERVED_ON_WINDOWS.match(short):
        return fallback
    return short


def day(when: date) -> str:
    """A day as people write it: `21 November 2026`."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def weekday(when: date) -> str:
    """A day to plan for: `Saturday, 21 November 2026`."""
    return f"{_WEEKDAYS[when.weekday()]}, {day(when)}"
