"""Who speaks when, in the reference and by each system, one below the other: to be seen where no words differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from modellab.bundle.palette import colour_index
from modellab.datasets.reference import Reference
from modellab.metrics.timelines import annotation
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Turn
from modellab.units import clock

WIDTH = 720
_ROW, _GAP, _NAME, _FOOT = 9, 2, 20, 20
"""Heights: of a speaker's row, between rows, of a source's name above them, of the times at the bottom."""
_MARKS = 5
"""Times at the bottom."""
_SPEECH = ""
"""Whose speech it is where nobody is told apart."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch, as it is drawn."""

    x: float
    y: float
    width: float
    colour: int
    """Of the palette's speakers."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One source: the reference, or a system."""

    name: str
    y: float
    """Of its name's base line."""
    bars: tuple[Bar, ...]
    told: str
    """The same in words."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """The drawing of one stretch of a recording."""

    lanes: tuple[Lane, ...]
    marks: tuple[tuple[float, str], ...]
    height: int
    row: int = _ROW


Speakers = Mapping[str, Sequence[Segment]]
"""Speaker -> when; where nobody is told apart, one without a name."""


def spoken(reference: Reference, result: Diarization | SpeechSegments) -> Speakers | None:
    """What the reference says, as the result would say it; None where it does not know."""
    if isinstance(result, Diarization):
        return None if reference.turns is None else _by_speaker(reference.turns)
    known = reference.speech if reference.speech is not None else reference.turns
    return None if known is None else {_SPEECH: _joined(known)}


def found_by(result: Diarization | SpeechSegments, said: Speakers) -> Speakers:
    """What a system found, its speakers by the names of those in the reference whom they mostly are."""
    if isinstance(result, SpeechSegments):
        return {_SPEECH: _joined(result.segments)}
    from pyannote.metrics.diarization import DiarizationErrorRate

    turns = [Turn(one.start_s, one.end_s, speaker) for speaker, spans in said.items() for one in spans]
    names = DiarizationErrorRate().optimal_mapping(annotation(turns), annotation(result.turns))
    return {names.get(one, f"{one} of the system"): spans for one, spans in _by_speaker(result.turns).items()}


def wrong(said: Speakers, found: Speakers) -> list[tuple[float, float, float]]:
    """Where one of them has a speaker whom the other has not: start and end in seconds, and how many such speakers."""
    events: list[tuple[float, str, int]] = []
    for sign, speakers in ((1, said), (-1, found)):
        for speaker, spans in speakers.items():
            events += [
                (time, speaker, way * sign) for one in spans for time, way in ((one.start_s, 1), (one.end_s, -1))
            ]
    events.sort()
    there: dict[str, int] = {}
    stretches = []
    for (time, speaker, change), (until, _, _) in pairwise(events):
        there[speaker] = there.get(speaker, 0) + change
        count = sum(one != 0 for one in there.values())
        if count and until > time:
            stretches.append((time, until, (until - time) * count))
    return stretches


def drawn(said: Speakers, found: Mapping[str, Speakers], start_s: float, end_s: float) -> Lanes:
    """The stretch from one time to another.

    Args:
        found: system -> what it found.
    """
    order = list(dict.fromkeys(speaker for one in (said, *found.values()) for speaker in one))
    lanes, top = [], 0.0
    for name, speakers in [("reference", said), *found.items()]:
        rows = [one for one in order if one in speakers]
        bars = [
            _bar(span, start_s, end_s, top + _NAME + row * (_ROW + _GAP), order.index(speaker))
            for row, speaker in enumerate(rows)
            for span in _within(speakers[speaker], start_s, end_s)
        ]
        lanes.append(Lane(name, top + _NAME - 6, tuple(bars), _told(speakers, start_s, end_s)))
        top += _NAME + max(1, len(rows)) * (_ROW + _GAP)
    step = (end_s - start_s) / (_MARKS - 1)
    marks = tuple((round(WIDTH * place / (_MARKS - 1), 1), clock(start_s + place * step, 1)) for place in range(_MARKS))
    return Lanes(tuple(lanes), marks, round(top) + _FOOT)


def _bar(span: Segment, start_s: float, end_s: float, y: float, number: int) -> Bar:
    scale = WIDTH / (end_s - start_s)
    x = (span.start_s - start_s) * scale
    return Bar(round(x, 1), y, max(round(span.duration_s * scale, 1), 0.5), colour_index(number))


def _within(spans: Sequence[Segment], start_s: float, end_s: float) -> list[Segment]:
    cut = (Segment(max(one.start_s, start_s), min(one.end_s, end_s)) for one in spans)
    return [one for one in cut if one.duration_s > 0]


def _told(speakers: Speakers, start_s: float, end_s: float) -> str:
    parts = [
        f"{speaker or 'speech'} {', '.join(f'{clock(one.start_s, 1)} to {clock(one.end_s, 1)}' for one in spans)}"
        for speaker, every in speakers.items()
        if (spans := _within(every, start_s, end_s))
    ]
    return "; ".join(parts) or "nobody"


def _by_speaker(turns: Iterable[Turn]) -> dict[str, list[Segment]]:
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn.speaker, []).append(turn)
    return {speaker: _joined(own) for speaker, own in found.items()}


def _joined(spans: Iterable[Segment | Turn]) -> list[Segment]:
    """Disjoint and in order."""
    found: list[Segment] = []
    for one in sorted(spans, key=lambda span: span.start_s):
        if found and one.start_s <= found[-1].end_s:
            found[-1] = Segment(found[-1].start_s, max(found[-1].end_s, one.end_s))
        else:
            found.append(Segment(one.start_s, one.end_s))
    return found
