"""Where people stop speaking, and what they had said until then."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from modellab.surfaces.results import Segment, Turn

_SLIVER_S = 0.1
"""What turns and speech have in common for less is where the edges of the two differ."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody stops speaking. Times are seconds of the recording."""

    at_s: float
    since_s: float
    """Where they began, after somebody else spoke last."""
    quiet_until_s: float
    """When anybody speaks next; `at_s` where somebody does already, the recording's end where nobody does."""
    speaker: str | None


def stops(
    speech: Sequence[Segment], turns: Sequence[Turn] | None, *, min_pause_s: float, duration_s: float
) -> list[Stop]:
    """Every moment at which a person stops speaking for a while, and the last of each.

    A person speaks where their turn and the speech that was found meet. They began where they first spoke after the
    one who began before them.

    Args:
        speech: disjoint, in order of time.
        turns: who speaks when; None where nobody told speakers apart: then all speech is one person's.
        min_pause_s: who goes on sooner did not stop.
        duration_s: of the recording.
    """
    spoken = sorted(_spoken(speech, turns, min_pause_s), key=lambda one: (one.start_s, one.end_s, one.speaker))
    found: list[Stop] = []
    since_s = 0.0
    for place, one in enumerate(spoken):
        if place == 0 or spoken[place - 1].speaker != one.speaker:
            since_s = one.start_s
        found.append(Stop(one.end_s, since_s, _quiet_until(one, spoken, duration_s), one.speaker or None))
    return sorted(found, key=lambda stop: (stop.at_s, stop.since_s))


def _spoken(speech: Sequence[Segment], turns: Sequence[Turn] | None, min_pause_s: float) -> Iterable[Turn]:
    """What each person says without a pause; without turns the speaker is an empty name."""
    if turns is None:
        yield from _joined((Turn(one.start_s, one.end_s, "") for one in speech), min_pause_s)
        return
    for speaker in dict.fromkeys(turn.speaker for turn in turns):
        own = sorted((turn for turn in turns if turn.speaker == speaker), key=lambda turn: turn.start_s)
        yield from _joined(_meeting(own, speech), min_pause_s)


def _meeting(turns: Sequence[Turn], speech: Sequence[Segment]) -> Iterable[Turn]:
    """Where one speaker's turns, in order of start, and speech meet for more than a sliver."""
    first = 0
    for turn in turns:
        while first < len(speech) and speech[first].end_s <= turn.start_s:
            first += 1
        for segment in speech[first:]:
            if segment.start_s >= turn.end_s:
                break
            start_s, end_s = max(turn.start_s, segment.start_s), min(turn.end_s, segment.end_s)
            if end_s - start_s >= _SLIVER_S:
                yield Turn(start_s, end_s, turn.speaker)


def _joined(spans: Iterable[Turn], min_pause_s: float) -> list[Turn]:
    """One speaker's stretches, those that lie closer than a pause as one."""
    joined: list[Turn] = []
    for span in spans:
        if joined and span.start_s - joined[-1].end_s < min_pause_s:
            joined[-1] = replace(joined[-1], end_s=max(joined[-1].end_s, span.end_s))
        else:
            joined.append(span)
    return joined


def _quiet_until(stretch: Turn, spoken: Sequence[Turn], duration_s: float) -> float:
    """When somebody speaks after a stretch, others or the same."""
    at_s = stretch.end_s
    return min(
        (max(at_s, one.start_s) for one in spoken if one is not stretch and one.end_s > at_s), default=duration_s
    )
