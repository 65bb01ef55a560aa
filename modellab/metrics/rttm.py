"""NIST's RTTM format for speaker turns."""

from collections.abc import Iterable

from modellab.surfaces.results import Turn

CHANNEL = 1


def to_rttm(turns: Iterable[Turn], name: str) -> str:
    """`SPEAKER name channel start duration <NA> <NA> speaker <NA> <NA>`, a line a turn, in seconds.

    Fields as in NIST's RT-09 evaluation plan, appendix A; they are separated by spaces, so a speaker's name has `_` in
    their place. Six decimals: turns come back as they were.

    Args:
        name: the recording's name in the file; without white space.
    """
    return "".join(
        f"SPEAKER {name} {CHANNEL} {turn.start_s:.6f} {turn.duration_s:.6f} "
        f"<NA> <NA> {'_'.join(turn.speaker.split())} <NA> <NA>\n"
        for turn in turns
    )
