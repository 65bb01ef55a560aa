"""Error against speed as a drawing: where each system lies, how sure that is, and which are beaten by none.

The x axis is how many times as fast as real time a system is, logarithmic; the y axis is the metric.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.report.pace import Pace
from modellab.evaluation.standing import Standing

WIDTH, HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 24, 20, 56
_TICKS = 5
"""About so many on the y axis."""
_LEAST_TICKS = 3
_MOST_TICKS = 8
"""On the x axis."""
_DIGITS = ((1.0,), (1.0, 2.0, 5.0), tuple(map(float, range(1, 10))), tuple(place / 4 for place in range(4, 40)))
"""First digits of the x axis' marks: as few as tell the scale."""
_FURTHEST = 4.0
"""So many times slower or faster than all systems the x axis reaches at most: limits beyond are cut off."""
_LABEL = 20.0
"""Edge of the square that a point's number takes, in the drawing's units."""
_AROUND = ((14, -14), (14, 14), (-14, -14), (-14, 14), (22, 0), (-22, 0), (0, -22), (0, 22), (30, -26), (30, 26))
"""Where a number may stand, seen from its point: the first free place is taken."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One system: its figures, and where they are drawn."""

    number: int
    system: str
    speed: float
    """Times real time."""
    speed_low: float | None
    speed_high: float | None
    value: float
    low: float | None
    high: float | None
    on_front: bool
    """No other is as fast and as good, and better in one of them."""
    x: float
    y: float
    left: float
    right: float
    top: float
    bottom: float
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template draws."""

    measure: Measure
    spots: tuple[Spot, ...]
    front: tuple[tuple[float, float], ...]
    """Corners of the line through those that none beats, from the slowest."""
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    frame: tuple[float, float, float, float] = (_LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM)
    """Left, top, right, bottom."""


def pareto(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points (speed, goodness; more is better in both) no other point beats."""
    return [
        not any(
            other[0] >= one[0] and other[1] >= one[1] and other != one
            for place, other in enumerate(points)
            if place != at
        )
        for at, one in enumerate(points)
    ]


def chart(standing: Standing, measure: Measure, paces: Mapping[str, Pace]) -> Chart | None:
    """The drawing for one metric; None where no system has both a figure and a speed."""
    known = [
        (number, one.system, figure.interval, pace)
        for number, one in enumerate(standing.systems, 1)
        if (figure := next((each for each in one.figures if each.measure == measure), None))
        and figure.interval.value is not None
        and (pace := paces.get(one.system)) is not None
        and pace.times_real_time is not None
    ]
    if not known:
        return None
    sign = 1.0 if measure.better == "higher" else -1.0
    figures = [(_faster(pace), found.value or 0.0, found.low, found.high) for _, _, found, pace in known]
    front = pareto([(speed[0], sign * value) for speed, value, _, _ in figures])
    speeds = [speed[0] for speed, *_ in figures]
    across = _Logarithmic.over(speeds, [each for speed, *_ in figures for each in speed if each is not None])
    up = _Linear.over(
        [value for _, value, _, _ in figures], [each for *_, low, high in figures for each in (low, high)]
    )
    taken: list[tuple[float, float]] = [(across.at(speed[0]), up.at(value)) for speed, value, _, _ in figures]
    spots = []
    for (number, system, _, _), (speed, value, low, high), is_front in zip(known, figures, front, strict=True):
        x, y = across.at(speed[0]), up.at(value)
        label = _free(x, y, taken)
        taken.append(label)
        spots.append(
            Spot(
                number,
                system,
                *speed,
                value,
                low,
                high,
                is_front,
                x,
                y,
                left=x if speed[1] is None else across.at(speed[1]),
                right=x if speed[2] is None else across.at(speed[2]),
                top=y if high is None else up.at(high),
                bottom=y if low is None else up.at(low),
                label_x=label[0],
                label_y=label[1],
            )
        )
    line = sorted((spot.x, spot.y) for spot in spots if spot.on_front)
    return Chart(measure, tuple(spots), tuple(dict.fromkeys(line)), across.ticks(), up.ticks(measure.unit == "ratio"))


def _faster(pace: Pace) -> tuple[float, float | None, float | None]:
    """Times real time, and the interval."""
    found = pace.interval
    value, low, high = found.value or 1.0, found.low, found.high
    return 1 / value, (1 / high if high else None), (1 / low if low else None)


@dataclass(frozen=True, slots=True)
class _Logarithmic:
    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float], limits: Sequence[float]) -> "_Logarithmic":
        low = max(min(*values, *limits), min(values) / _FURTHEST)
        high = min(max(*values, *limits), max(values) * _FURTHEST)
        return cls(low / 1.25, high * 1.25)

    def at(self, value: float) -> float:
        within = min(max(value, self.low), self.high)
        part = math.log(within / self.low) / math.log(self.high / self.low)
        return round(_LEFT + part * (WIDTH - _LEFT - _RIGHT), 1)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        shown: list[float] = []
        for digits in _DIGITS:
            shown = [
                value for power in powers for digit in digits if self.low <= (value := digit * 10.0**power) <= self.high
            ]
            if len(shown) >= _LEAST_TICKS:
                break
        every = math.ceil(len(shown) / _MOST_TICKS)
        return tuple((self.at(value), f"{value:,.10g}×") for value in shown[::every])


@dataclass(frozen=True, slots=True)
class _Linear:
    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float], limits: Sequence[float | None]) -> "_Linear":
        """Holds all values; limits as far as they do not press these together."""
        spread = max(values) - min(0.0, *values) or 1.0
        wanted = [one for one in limits if one is not None and abs(one) <= max(map(abs, values)) + 2 * spread]
        low, high = min(0.0, *values, *wanted), max(*values, *wanted, low_room(values))
        step = _round_step((high - low) / _TICKS)
        return cls(math.floor(low / step) * step, math.ceil(high / step - 1e-9) * step, step)

    def at(self, value: float) -> float:
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(HEIGHT - _BOTTOM - part * (HEIGHT - _TOP - _BOTTOM), 1)

    def ticks(self, as_percent: bool) -> tuple[tuple[float, str], ...]:
        values = [self.low + place * self.step for place in range(round((self.high - self.low) / self.step) + 1)]
        return tuple((self.at(value), f"{100 * value:.3g} %" if as_percent else f"{value:.3g}") for value in values)


def low_room(values: Sequence[float]) -> float:
    """A little above the highest value, and above 0 where all are 0."""
    return max(values) * 1.1 if max(values) > 0 else 0.01


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * digit for digit in (1, 2, 2.5, 5, 10) if power * digit >= least * (1 - 1e-9))


def _free(x: float, y: float, taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    def space(place: tuple[float, float]) -> float:
        inside = _LEFT < place[0] < WIDTH - _RIGHT and _TOP < place[1] < HEIGHT - _BOTTOM
        near = min(max(abs(place[0] - other[0]), abs(place[1] - other[1])) for other in taken)
        return min(near, _LABEL) if inside else -1.0

    places = [(x + right, y + down) for right, down in _AROUND]
    # The point's own place is 14 away from the first: what is nearer than that to anything is not free.
    return next((place for place in places if space(place) >= 14), max(places, key=space))
