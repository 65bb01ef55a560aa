"""Figures and verdicts in words, the same wherever they are read."""

from collections.abc import Sequence

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.speed import StepSpeed
from modellab.evaluation.standing import Figure
from modellab.statistics.comparing import Comparison, Versus
from modellab.units import plural

_AS_POINTS = "ratio"
"""Unit of figures whose differences are said in points of a percentage."""
_BEYOND = 100_000
"""Of so many cases a number says nothing but that no one has them."""


def figure_text(figure: Figure) -> str:
    """A figure with its interval: `0.153 [0.120, 0.190]`; a dash where there is nothing below the line."""
    found = figure.interval
    if found.value is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{found.value:.3f}"
    # Of two or three recordings the upper limit of an error rate may be anything.
    high = ">1" if figure.measure.unit == _AS_POINTS and found.high > 1 else f"{found.high:.3f}"
    return f"{found.value:.3f} [{found.low:.3f}, {high}]"


def comparison_sentence(versus: Versus, measure: Measure, on: str | None = None) -> str:
    """Who is better by how much: `a beats b by 4.1 points [2.0, 6.3], p = 0.003, n = 40 recordings`.

    Args:
        on: what they were put to, where that and the metric are to be said as well: `a beats b on calls by 4.1 points
            of wer ...`.
    """
    found = versus.comparison
    where, what = (f" on {on}", f" of {measure.metric}") if on else ("", "")
    if found.difference is None:
        return f"{versus.a} and {versus.b}{where}: {'; '.join(found.notes) or 'nothing to compare'}"
    interval = ""
    if found.low is not None and found.high is not None:
        low, high = (
            sorted((abs(found.low), abs(found.high))) if found.low * found.high >= 0 else (found.low, found.high)
        )
        interval = f" [{amount_text(low, measure)}, {amount_text(high, measure)}]"
    tail = f", n = {plural(found.n, 'recording')}"
    p = "" if found.adjusted_p is None else f", p = {found.adjusted_p:.2g}"
    if found.verdict == "not separable":
        more = "" if not found.more_cases else f"; {many(found.more_cases)} more cases like these might tell"
        by = f" by {measure.metric}" if on else ""
        told = f"{difference_text(found, measure)}{p}{tail}{more}"
        return f"{versus.a} and {versus.b} are not separable{where}{by}: {told}"
    winner, loser = (versus.a, versus.b) if found.verdict == "better" else (versus.b, versus.a)
    amount = f"{amount_text(abs(found.difference), measure)}{_unit(measure)}{what}"
    return f"{winner} beats {loser}{where} by {amount}{interval}{p}{tail}"


def difference_text(found: Comparison, measure: Measure) -> str:
    """A difference with its interval: `-4.1 points [-6.3, -2.0]`; a dash where there is nothing to compare."""
    if found.difference is None:
        return "-"
    interval = ""
    if found.low is not None and found.high is not None:
        interval = f" [{amount_text(found.low, measure, signed=True)}, {amount_text(found.high, measure, signed=True)}]"
    return f"{amount_text(found.difference, measure, signed=True)}{_unit(measure)}{interval}"


def no_figure(system: str, case: str) -> str:
    """What it means that a system has no figure of a case; metrics without a worst figure leave it out."""
    return f"{system} has no figure of {case}: in an error rate it counts as all wrong"


def speed_text(speeds: Sequence[StepSpeed]) -> str:
    """How many times as fast as real time each step was, those of several machines one after the other."""
    return ", ".join(f"{one.step} {1 / one.real_time_factor:.1f}x" for one in speeds if one.real_time_factor > 0)


def amount_text(value: float, measure: Measure, *, signed: bool = False) -> str:
    """A difference without its unit: points of a percentage, or the metric's own unit."""
    scaled = value * 100 if measure.unit == _AS_POINTS else value
    return f"{scaled:+.1f}" if signed else f"{scaled:.1f}"


def _unit(measure: Measure) -> str:
    return " points" if measure.unit == _AS_POINTS else f" {measure.unit}"


def many(count: int) -> str:
    """A number that is an estimate, in two digits; where it is beyond what anybody has, only that."""
    if count > _BEYOND:
        return f"over {_BEYOND:,}"
    digits = max(len(str(count)) - 2, 0)
    return f"some {round(count, -digits):,}"
