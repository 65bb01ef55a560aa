"""UEM: which stretches of a recording are scored. Fields as in NIST's RT-09 evaluation plan."""

from collections.abc import Iterable
from pathlib import Path

from modellab.formats.lines import CHANNEL, Written, field, read_lines, span, split
from modellab.surfaces.results import Segment

_FIELDS = 4


def to_uem(segments: Iterable[Segment], name: str) -> str:
    """`name channel start end`, a line a stretch, in seconds."""
    return "".join(f"{field(name)} {CHANNEL} {s.start_s:.6f} {s.end_s:.6f}\n" for s in segments)


def read_uem(path: Path | Written) -> dict[str, list[Segment]]:
    """Scored stretches by recording, in order of time.

    Raises:
        LabError: the file is not UEM; says which line.
    """
    segments: dict[str, list[Segment]] = {}
    for name, segment in sorted(
        read_lines(path, "UEM", "file channel start end", _segment), key=lambda each: each[1].start_s
    ):
        segments.setdefault(name, []).append(segment)
    return segments


def _segment(line: str) -> tuple[str, Segment]:
    fields = split(line)
    if len(fields) != _FIELDS:
        raise ValueError(line)
    return fields[0], Segment(*span(fields[2], fields[3]))
