"""RTTM: who spoke when. Fields as in NIST's RT-09 evaluation plan, appendix A."""

from collections.abc import Iterable
from pathlib import Path

from modellab.formats.lines import CHANNEL, Written, field, read_lines, seconds, split
from modellab.surfaces.results import Turn

_FIELDS = 8
"""Up to the speaker's name; what follows (confidence, lookahead) is left out by some programs."""


def to_rttm(turns: Iterable[Turn], name: str) -> str:
    """`SPEAKER name channel start duration <NA> <NA> speaker <NA> <NA>`, a line a turn, in seconds.

    Six decimals: turns come back as they were.

    Args:
        name: the recording's name in the file.
    """
    return "".join(
        f"SPEAKER {field(name)} {CHANNEL} {turn.start_s:.6f} {turn.duration_s:.6f} "
        f"<NA> <NA> {field(turn.speaker)} <NA> <NA>\n"
        for turn in turns
    )


def read_rttm(path: Path | Written) -> dict[str, list[Turn]]:
    """Speaker turns by recording, in order of time. Lines of other types than `SPEAKER` are left out.

    Raises:
        LabError: the file is not RTTM; says which line.
    """
    found = read_lines(path, "RTTM", "SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>", _turn)
    turns: dict[str, list[Turn]] = {}
    for name, turn in sorted(found, key=lambda each: (each[1].start_s, each[1].end_s)):
        turns.setdefault(name, []).append(turn)
    return turns


def _turn(line: str) -> tuple[str, Turn] | None:
    fields = split(line)
    if fields[0] != "SPEAKER":
        return None
    if len(fields) < _FIELDS:
        raise ValueError(line)
    start_s = seconds(fields[3])
    return fields[1], Turn(start_s, start_s + seconds(fields[4]), fields[7])
