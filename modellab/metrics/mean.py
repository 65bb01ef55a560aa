"""Metrics that are means: of one case the figure itself, of a corpus the mean over its cases."""

from collections.abc import Mapping
from dataclasses import replace

from modellab.metrics.score import Direction, Metric, Score


def mean_metric(
    name: str,
    unit: str,
    better: Direction,
    *,
    protocol: str,
    version: str,
    others: tuple[str, ...] = (),
) -> Metric:
    """A metric whose corpus figure is the mean over cases.

    Components: the figure itself, named as `amount_name` says, over `cases`, which is 1 of each case.
    """
    return Metric(
        name=name,
        unit=unit,
        better=better,
        protocol=protocol,
        version=version,
        numerator={amount_name(name, unit): 1},
        denominator={"cases": 1},
        others=others,
    )


def amount_name(name: str, unit: str) -> str:
    """What the component of a mean is called: as the metric is, and its unit where that is decibels or seconds."""
    return f"{name}_{unit.lower()}" if unit in {"dB", "s"} else name


def mean_score(metric: Metric, value: float, others: Mapping[str, float] | None = None) -> Score:
    """One case's figure of a metric that `mean_metric` made."""
    [amount] = metric.numerator
    return Score(metric, {amount: value, "cases": 1, **(others or {})})


def named(score: Score, name: str) -> Score:
    """The same figure under another name, as of what was there before."""
    [amount] = score.metric.numerator
    renamed = amount_name(name, score.metric.unit)
    metric = replace(score.metric, name=name, numerator={renamed: 1})
    if score.error is not None:
        return Score(metric, {}, score.error)
    return Score(metric, {(renamed if key == amount else key): value for key, value in score.components.items()})


def gain(before: Score, after: Score) -> Score:
    """By how much a figure rose, as one paired figure `<name>_gain`: after less before.

    Components: `after` and `before`, in the figure's unit, over what the figure is over. Higher is better where the
    figure's is.

    Args:
        before, after: the same metric of the same case, of what a step read and of what it gave.

    Raises:
        ValueError: they are not the same metric.
    """
    metric = after.metric
    if before.metric != metric:
        raise ValueError(f"a gain is of one metric, not of {before.metric.name} and {metric.name}")
    paired = replace(metric, name=f"{metric.name}_gain", numerator={"after": 1, "before": -1}, others=())
    if error := after.error or before.error:
        return Score(paired, {}, error)
    below = {name: after[name] for name in metric.denominator}
    return Score(paired, {"after": after.numerator, "before": before.numerator, **below})
