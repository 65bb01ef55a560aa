"""Turning a model's speaker turns into a valid `Diarization`."""

from collections.abc import Iterable
from dataclasses import replace

from modellab.surfaces.results import Diarization, Segment, Turn


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


def bridged(turns: Iterable[Turn], longest_pause_s: float) -> list[Turn]:
    """Turns, in order of start, of which those of one speaker that are parted by no more than so much are one."""
    found: list[Turn] = []
    latest: dict[str, int] = {}
    for turn in turns:
        before = latest.get(turn.speaker)
        if before is not None and turn.start_s - found[before].end_s <= longest_pause_s:
            found[before] = replace(found[before], end_s=max(found[before].end_s, turn.end_s))
        else:
            latest[turn.speaker] = len(found)
            found.append(turn)
    return found


def overlap_s(turns: Iterable[Turn]) -> float:
    """Seconds in which two or more turns run at once."""
    edges = sorted(edge for turn in turns for edge in ((turn.start_s, 1), (turn.end_s, -1)))
    total_s, talking, before_s = 0.0, 0, 0.0
    for time_s, change in edges:
        if talking > 1:
            total_s += time_s - before_s
        talking, before_s = talking + change, time_s
    return total_s


def alone(turns: Iterable[Turn]) -> dict[str, list[Segment]]:
    """When each speaker talks and nobody else does, in order of time; speakers in order of first turn."""
    known = sorted(turns, key=lambda turn: turn.start_s)
    found: dict[str, list[Segment]] = {turn.speaker: [] for turn in known}
    # At one moment who stops comes before who begins.
    edges = sorted(
        edge
        for turn in known
        for edge in ((turn.start_s, 1, turn.speaker), (turn.end_s, 0, turn.speaker))
        if turn.end_s > turn.start_s
    )
    talking: dict[str, int] = {}
    before_s = 0.0
    for time_s, begins, speaker in edges:
        if len(talking) == 1 and time_s > before_s:
            [only] = talking
            spans = found[only]
            if spans and spans[-1].end_s == before_s:
                spans[-1] = Segment(spans[-1].start_s, time_s)
            else:
                spans.append(Segment(before_s, time_s))
        talking[speaker] = talking.get(speaker, 0) + (1 if begins else -1)
        if not talking[speaker]:
            del talking[speaker]
        before_s = time_s
    return found
