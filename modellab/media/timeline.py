"""Where decoded sound belongs in the recording: which of the file's time stamps are believed.

Containers stamp every frame with a time. Sound that is missing (a pause, a lost packet, a stream that begins later
than the picture) shows as a jump of these times and becomes silence, so that what follows keeps its time. But stamps
are also wrong: a clock that was set meanwhile, a damaged byte, two recordings joined. A jump is believed when

- it is no longer than 10 minutes, or
- the packets of another stream (the picture's, say) go through it, or
- it ends within the length that the container states, unless that is only reckoned from the same stamps (MPEG streams);

and only while all gaps together stay below `MOST_FILLED_S`, so that a few kilobytes can't become days of silence.
Everything else is a doubt, which is counted and named; the sound then follows on what was before it.
"""

from dataclasses import dataclass, field

from modellab.units import clock, plural

MOST_FILLED_S = 4 * 3600.0
"""Silence that one recording's gaps may become, all together."""
_SHORTEST_GAP_S = 0.05
"""Container times of some formats are whole milliseconds, and jitter; a jump of this size is missing audio."""
_PLAUSIBLE_GAP_S = 600.0
_LONGEST_OVERLAP_S = 1.0
"""Priming samples, edit lists and rounding let times lie this much before the end of what was decoded."""
_STATED_TOLERANCE_S = 1.0
_VOUCHED_SHARE = 0.5
"""Of a gap, that another stream's packets have to span."""
_NAMED_DOUBTS = 20


@dataclass(frozen=True, slots=True)
class TimeJump:
    """A jump of a file's time stamps that was not believed."""

    at_s: float
    """Time in the recording at which the sound goes on, without the jump."""
    by_s: float
    """How far the stamps jump ahead; negative: back."""


@dataclass(slots=True)
class Timeline:
    """Follows the frames of one audio stream and says how much is missing before each. Times are seconds.

    Args:
        origin_s: the container's time at which the recording begins; None until it is known.
        stated_s: the recording's length as the container states it apart from the stamps; None where it does not.
    """

    origin_s: float | None
    stated_s: float | None
    position_s: float = 0.0
    """End of what was placed so far, in the recording."""
    gaps: int = 0
    filled_s: float = 0.0
    doubts: int = 0
    doubted: list[TimeJump] = field(default_factory=list)
    """The first 20 of the jumps that were not believed."""
    _others: tuple[float, float] | None = None
    """First and last time of other streams' packets since the last frame."""
    _behind: bool = False

    def see_other(self, time_s: float) -> None:
        """Take note of a packet of another stream."""
        if self._others is None:
            self._others = (time_s, time_s)
        else:
            self._others = (min(self._others[0], time_s), max(self._others[1], time_s))

    def place(self, time_s: float | None, duration_s: float) -> float:
        """Place a frame after those before it; gives the silence that belongs before it.

        Args:
            time_s: its time stamp; None where it has none that means anything.
            duration_s: its length.
        """
        gap_s = 0.0 if time_s is None else self._gap_before(time_s)
        self._others = None
        self.position_s += gap_s + duration_s
        return gap_s

    def _gap_before(self, time_s: float) -> float:
        if self.origin_s is None:
            # Streams begin together, unless the picture's packets came first.
            self.origin_s = min(time_s, self._others[0]) if self._others else time_s
        jump_s = time_s - self.origin_s - self.position_s
        if jump_s < -_LONGEST_OVERLAP_S:
            self._fall_behind(jump_s)
            return 0.0
        self._behind = False
        if jump_s < _SHORTEST_GAP_S:
            return 0.0
        if not self._believable(jump_s, time_s):
            self._doubt(jump_s)
            self.origin_s += jump_s
            return 0.0
        self.gaps += 1
        self.filled_s += jump_s
        return jump_s

    def _fall_behind(self, jump_s: float) -> None:
        """Stamps lie before the end of what was placed. Where silence was put in before, they may be right after all;
        else another clock has begun, and what is missing from now on shows on it."""
        if not self._behind:
            self._doubt(jump_s)
        self._behind = True
        if -jump_s > self.filled_s + _LONGEST_OVERLAP_S:
            assert self.origin_s is not None
            self.origin_s += jump_s
            self._behind = False

    def _believable(self, jump_s: float, time_s: float) -> bool:
        if self.filled_s + jump_s > MOST_FILLED_S:
            return False
        return jump_s <= _PLAUSIBLE_GAP_S or self._vouched(jump_s) or self._stated(time_s)

    def _vouched(self, jump_s: float) -> bool:
        return self._others is not None and self._others[1] - self._others[0] >= _VOUCHED_SHARE * jump_s

    def _stated(self, time_s: float) -> bool:
        assert self.origin_s is not None
        return self.stated_s is not None and time_s - self.origin_s <= self.stated_s + _STATED_TOLERANCE_S

    def _doubt(self, jump_s: float) -> None:
        self.doubts += 1
        if len(self.doubted) < _NAMED_DOUBTS:
            self.doubted.append(TimeJump(round(self.position_s, 3), round(jump_s, 3)))

    def warnings(self) -> list[str]:
        """What a user should know of the recording's times, a sentence each."""
        found: list[str] = []
        if self.gaps:
            in_all = f"{self.filled_s:.2f} s in all"
            found.append(
                plural(
                    self.gaps,
                    f"gap, {in_all}, was filled with silence",
                    f"gaps, {in_all}, were filled with silence",
                )
            )
        if self.doubts:
            first, times = self.doubted[0], f"{self.doubts} times" if self.doubts > 1 else "once"
            way = "ahead" if first.by_s > 0 else "back"
            found.append(
                f"the file's time stamps were not believed {times}: at {clock(first.at_s, 3, hours=True)} "
                f"they jump {way} by {clock(abs(first.by_s), 3, hours=True)}"
                f"{', and then again' if self.doubts > 1 else ''}; "
                "what follows was put right behind what was before it, so its times may differ from the file's"
            )
        return found
