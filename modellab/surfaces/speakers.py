"""Turning a model's speaker turns into a valid `Diarization`."""

from collections.abc import Iterable
from dataclasses import replace

from modellab.surfaces.results import Diarization, Turn


def diarization_of(turns: Iterable[Turn], duration_s: float) -> Diarization:
    """A diarization in the lab's form, from turns in any order and with any labels.

    Turns are brought back inside the recording, those left without length are dropped, a speaker's turns that overlap
    or touch become one, and speakers are named `SPEAKER_00`, `SPEAKER_01`, ... in order of their first turn; of first
    turns that begin together the longer one comes first.
    """
    inside = (replace(turn, start_s=max(0.0, turn.start_s), end_s=min(turn.end_s, duration_s)) for turn in turns)
    ordered = sorted((turn for turn in inside if turn.end_s > turn.start_s), key=lambda t: (t.start_s, -t.end_s))
    names: dict[str, str] = {}
    joined: list[Turn] = []
    latest: dict[str, int] = {}
    for turn in ordered:
        name = names.setdefault(turn.speaker, f"SPEAKER_{len(names):02d}")
        index = latest.get(name)
        if index is not None and turn.start_s <= joined[index].end_s:
            joined[index] = replace(joined[index], end_s=max(joined[index].end_s, turn.end_s))
        else:
            latest[name] = len(joined)
            joined.append(replace(turn, speaker=name))
    return Diarization(joined, duration_s)


def overlap_s(turns: Iterable[Turn]) -> float:
    """Seconds in which two or more turns run at once."""
    edges = sorted(edge for turn in turns for edge in ((turn.start_s, 1), (turn.end_s, -1)))
    total_s, talking, before_s = 0.0, 0, 0.0
    for time_s, change in edges:
        if talking > 1:
            total_s += time_s - before_s
        talking, before_s = talking + change, time_s
    return total_s
