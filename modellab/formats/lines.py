"""What NIST's formats have in common: a line an entry, fields separated by spaces or tabs, `;;` begins a comment.

Read by hand, not with pyannote.database: its reader takes a quotation mark for the beginning of a field that spans
lines, `NA` or `null` for a missing name, and leaves out what lasts 0 seconds, all without a word.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from modellab.errors import LabError, TextRefused
from modellab.outside import Limits, read_text

T = TypeVar("T")

REFERENCE = Limits(bytes=256 << 20, nodes=10_000_000)
"""Some hundred hours with a time for every word."""
CHANNEL = "1"
"""Where the channel has no meaning."""
UNNAMED = "unknown"
"""Stands for a speaker or word of no name: a field can't be empty."""

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
_SEPARATOR = re.compile(r"[ \t]+")
_SHOWN = 80


def field(text: str) -> str:
    """A name as one field: `_` in place of white space."""
    return "_".join(text.split()) or UNNAMED


def split(line: str, fields: int | None = None) -> list[str]:
    """A line's fields; at most so many, the rest of the line being the last one."""
    return _SEPARATOR.split(line.strip(" \t"), maxsplit=0 if fields is None else fields - 1)


def seconds(text: str) -> float:
    """A time in a file.

    Raises:
        ValueError: it is no number of seconds from 0 on.
    """
    if not _NUMBER.fullmatch(text) or not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def span(start: str, end: str) -> tuple[float, float]:
    """Two times.

    Raises:
        ValueError: one is none, or the end comes first.
    """
    start_s, end_s = seconds(start), seconds(end)
    if end_s < start_s:
        raise ValueError(end)
    return start_s, end_s


@dataclass(frozen=True, slots=True)
class Written:
    """A text that stands in another file, read as if it were a file of its own."""

    name: str
    """What errors call it."""
    text: str

    def __str__(self) -> str:
        return self.name


def read_lines(path: Path | Written, form: str, allowed: str, parse: Callable[[str], T | None]) -> list[T]:
    """What every line of a file says, comments and empty lines left out.

    Args:
        form: the format's name.
        allowed: what a line holds, for people.
        parse: a line to an entry, or to None where it says nothing that is asked for; ValueError or IndexError where
            it is not of the format.

    Raises:
        LabError: the file can't be read, or a line is not of the format: says which.
    """
    try:
        text = path.text if isinstance(path, Written) else read_text(path, REFERENCE)
    except (OSError, TextRefused) as error:
        raise LabError(f"{path} can't be read as {form}", found=str(error)) from error
    entries: list[T] = []
    # Not `splitlines`: a line of text may hold a character that Unicode calls a line's end.
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.removesuffix("\r")
        if not bare.strip(" \t") or bare.lstrip(" \t").startswith(";;"):
            continue
        try:
            entry = parse(bare)
        except (ValueError, IndexError) as error:
            raise LabError(
                f"line {number} of {path} is not {form}", found=bare[:_SHOWN], allowed=f"{allowed}; times in seconds"
            ) from error
        if entry is not None:
            entries.append(entry)
    return entries
