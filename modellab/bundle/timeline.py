"""The recording at a glance: waveform bars coloured by who speaks, one lane of turns per speaker, and a time scale.

SVG path data in a box that is stretched to the page: x runs over `BARS` units for the waveform and over the seconds
of the recording for the lanes, y over 100 units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from modellab.bundle.meeting import Meeting, Participant
from modellab.bundle.palette import colour_index
from modellab.media.audio import Samples
from modellab.surfaces.results import Segment
from modellab.units import clock

BARS = 320
_BAR_WIDTH = 0.62
_LEAST_HEIGHT = 2.0
_LEAST_WIDTH = 1 / 1500
_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MOST_TICKS = 8
_LAST_TICK_PERCENT = 97.0
"""A label further right would be cut off."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the time scale."""

    label: str
    percent: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter on the waveform."""

    label: str
    percent: float
    """Where it begins."""
    width: float
    """How long it is, in percent of the recording."""


def bar_heights(peaks: Samples, bars: int = BARS) -> Samples:
    """Waveform peaks, shape `(n,)`, as heights of `bars` bars in [0, 1], the loudest 1.

    The square root keeps quiet talkers visible.
    """
    if not len(peaks):
        return np.zeros(bars, dtype=np.float32)
    edges = np.linspace(0, len(peaks), bars + 1)
    heights = np.array(
        [np.abs(peaks[int(low) : max(int(low) + 1, int(np.ceil(high)))]).max() for low, high in pairwise(edges)],
        dtype=np.float32,
    )
    loudest = heights.max()
    return np.sqrt(heights / loudest) if loudest > 0 else heights


def bar_owners(groups: Sequence[Sequence[Segment]], duration_s: float, bars: int = BARS) -> list[int | None]:
    """Number of the group of segments that fills most of each bar; None where none has any."""
    starts = np.arange(bars) * (duration_s / bars)
    ends = starts + duration_s / bars
    covered_s = np.zeros((len(groups) + 1, bars))
    for number, segments in enumerate(groups):
        for segment in segments:
            covered_s[number] += np.clip(
                np.minimum(ends, segment.end_s) - np.maximum(starts, segment.start_s), 0.0, None
            )
    owners = covered_s.argmax(axis=0)
    return [int(owner) if covered_s[owner, bar] > 0 else None for bar, owner in enumerate(owners)]


def waveform_paths(meeting: Meeting, peaks: Samples) -> dict[str, str]:
    """CSS class -> path of its bars: `s0`, `s1`, ... by speaker, `speech` where only speech is known, `silent`."""
    heights = bar_heights(peaks)
    owners = bar_owners([person.turns for person in meeting.participants], meeting.duration_s)
    speech = bar_owners([meeting.speech], meeting.duration_s)
    paths: dict[str, list[str]] = {}
    for bar, (height, owner, spoken) in enumerate(zip(heights, owners, speech, strict=True)):
        if meeting.participants:
            kind = "silent" if owner is None else f"s{colour_index(owner)}"
        else:
            kind = "silent" if spoken is None else "speech"
        size = max(_LEAST_HEIGHT, 100.0 * float(height))
        paths.setdefault(kind, []).append(_box(bar, 50 - size / 2, _BAR_WIDTH, size))
    return {kind: "".join(boxes) for kind, boxes in paths.items()}


def lane_path(person: Participant, duration_s: float) -> str:
    """A participant's turns as boxes, x in seconds; the shortest still wide enough to be seen."""
    return "".join(_box(t.start_s, 0, max(t.duration_s, duration_s * _LEAST_WIDTH), 100) for t in person.turns)


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.5g} {y:.4g}h{width:.4g}v{height:.4g}h-{width:.4g}z"


def ticks(duration_s: float) -> list[Tick]:
    """Round times across the recording, at most eight after the beginning."""
    if duration_s <= 0:
        return []
    step_s = next((step for step in _TICK_STEPS_S if duration_s / step <= _MOST_TICKS), _TICK_STEPS_S[-1])
    percents = [100.0 * n * step_s / duration_s for n in range(int(duration_s / step_s) + 1)]
    return [Tick(clock(n * step_s), percent) for n, percent in enumerate(percents) if percent <= _LAST_TICK_PERCENT]


def chapter_marks(meeting: Meeting) -> list[Mark]:
    """Each chapter up to where the next begins; the first from the recording's beginning, the last to its end."""
    chapters = meeting.chapters or ()
    if not meeting.divided or meeting.duration_s <= 0:
        return []
    edges = [0.0, *(chapter.start_s for chapter in chapters[1:]), meeting.duration_s]
    return [
        Mark(
            chapter.title, 100.0 * start_s / meeting.duration_s, 100.0 * max(0.0, end_s - start_s) / meeting.duration_s
        )
        for chapter, (start_s, end_s) in zip(chapters, pairwise(edges), strict=True)
    ]
