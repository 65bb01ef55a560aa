"""A standing as the JSON document of `modellab bench --json` and `modellab compare --json`."""

from collections.abc import Mapping
from typing import Any

from modellab.evaluation.speed import StepSpeed
from modellab.evaluation.standing import Figure, Standing, SystemStanding
from modellab.statistics.comparing import Versus


def standing_document(standing: Standing, speeds: Mapping[str, list[StepSpeed]]) -> dict[str, Any]:
    """All of it.

    Args:
        speeds: system -> how fast its steps were.
    """
    return {
        "dataset": standing.dataset,
        "version": standing.version,
        "cases": standing.cases,
        "hosts_differ": standing.hosts_differ,
        "systems": [_system(one, speeds.get(one.system, [])) for one in standing.systems],
        "comparisons": [
            {"metric": measure.metric, "protocol": measure.protocol, **comparison_document(versus)}
            for measure, versus in standing.comparisons
        ],
    }


def _system(one: SystemStanding, speed: list[StepSpeed]) -> dict[str, Any]:
    return {
        "system": one.system,
        "cases": one.cases,
        "failed": list(one.failed),
        "metrics": {_name(figure, one): figure_document(figure) for figure in one.figures},
        "speed": [step.document() for step in speed],
    }


def _name(figure: Figure, one: SystemStanding) -> str:
    """The metric's name; with its step where two steps have one of that name, as two scorers may."""
    name = figure.measure.metric
    same = [other for other in one.figures if other.measure.metric == name]
    return name if len(same) == 1 else f"{name} of {figure.measure.step} ({figure.measure.protocol})"


def figure_document(figure: Figure) -> dict[str, Any]:
    """One figure with its interval and what it was measured by."""
    measure, found = figure.measure, figure.interval
    worst = figure.worst_slice
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "unit": measure.unit,
        "n": found.n,
        "failed": found.failed,
        "clusters": found.clusters,
        "better": measure.better,
        "protocol": measure.protocol,
        "scorer_version": measure.scorer_version,
        "step": measure.step,
        "worst_slice": None
        if worst is None
        else {"tag": worst.tag, "value": worst.value, "figure": worst.interval.value, "n": worst.interval.n},
    }


def comparison_document(versus: Versus) -> dict[str, Any]:
    """One comparison."""
    found = versus.comparison
    return {
        "a": versus.a,
        "b": versus.b,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "relative": found.relative,
        "p": found.p,
        "adjusted_p": found.adjusted_p,
        "verdict": found.verdict,
        "n": found.n,
        "clusters": found.clusters,
        "more_cases": found.more_cases,
        "method": found.method,
        "notes": list(found.notes),
    }
