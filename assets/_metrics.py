"""The factory of the assets that hold results against references, the same way for every scorer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._page import table
from assets._step import step_asset
from modellab.metrics.score import Score
from modellab.metrics.scored import ScoredResult, Scores
from modellab.steps.definition import StepDefinition
from modellab.units import plural
from resources.engine import StepResult


def metrics_asset(scorer: StepDefinition, *, checks: Sequence[Check] = ()) -> dg.AssetsDefinition:
    """The asset of a scorer.

    Args:
        checks: asked of its result, beside whether every figure could be computed.
    """
    computed = Check("figures_computed", "Every figure can be computed of this result.", _computed)
    return step_asset(scorer, group="metrics", kinds={"python", "json"}, page=page, checks=[computed, *checks])


def right_more_than_wrong(metric: str) -> Check:
    """Whether an error rate is below 1; above it the reference may well be another recording's."""

    def judge(result: StepResult) -> Verdict:
        wrong = [
            (one, score)
            for one, score in _scores(result)
            if score.metric.name == metric and score.value is not None and score.value >= 1.0
        ]
        said = ", ".join(f"{_case(one)}: {score.value:.3f}" for one, score in wrong)
        return Verdict(
            not wrong, f"{metric} of {said}: is it the right reference?" if wrong else f"every {metric} is below 1"
        )

    return Check("right_more_than_wrong", f"{metric} is below 1: more is right than wrong.", judge)


def gains(metric: str) -> Check:
    """Whether a figure `<name>_gain` is above 0; below it the recording was better as it was."""

    def judge(result: StepResult) -> Verdict:
        lost = [
            (one, score)
            for one, score in _scores(result)
            if score.metric.name == metric and score.value is not None and score.value < 0.0
        ]
        said = ", ".join(f"{_case(one)}: {score.value:.3f} {score.metric.unit}" for one, score in lost)
        return Verdict(not lost, f"{metric} of {said}: it was better before" if lost else f"no {metric} is below 0")

    return Check("better_than_before", f"{metric} is not below 0: it is no worse than before.", judge)


def none_counted(name: str, metric: str, components: Sequence[str]) -> Check:
    """Whether some components of a metric are 0.

    Args:
        name: of the check.
    """

    def judge(result: StepResult) -> Verdict:
        counted = [
            f"{_case(one)}: {component.replace('_', ' ')} {score[component]:g}"
            for one, score in _scores(result)
            if score.metric.name == metric and score.error is None
            for component in components
            if score[component]
        ]
        return Verdict(not counted, ", ".join(counted) or f"no {said}")

    said = " and no ".join(component.replace("_", " ") for component in components)
    return Check(name, f"{metric} counts no {said}.", judge)


def page(result: StepResult) -> Mapping[str, Any]:
    """Every figure with what it follows from, and by which protocol."""
    scores = list(_scores(result))
    several = len({one.case for one, _ in scores}) > 1
    rows = [
        [
            *([_case(one)] if several else []),
            score.metric.name,
            _figure(score),
            score.metric.unit,
            _follows_from(score),
            score.metric.protocol,
        ]
        for one, score in scores
    ]
    header = [*(["case"] if several else []), "metric", "value", "unit", "from", "protocol"]
    figures = {} if several else {s.metric.name: round(s.value, 6) for _, s in scores if s.value is not None}
    return {
        "figures": dg.MetadataValue.md(table(header, rows)),
        "case": ", ".join(dict.fromkeys(_case(one) for one, _ in scores)),
        # Numbers of their own, so that the UI plots them over the partitions.
        **figures,
        "dagster/row_count": len(scores),
    }


def _scores(result: StepResult) -> Iterator[tuple[ScoredResult, Score]]:
    return ((one, score) for one in result.artifact.read(Scores).results for score in one.scores)


def _computed(result: StepResult) -> Verdict:
    scores = list(_scores(result))
    failed = [f"{score.metric.name} of {_case(one)}: {score.error}" for one, score in scores if score.error]
    return Verdict(not failed, "; ".join(failed) or plural(len(scores), "figure"))


def _case(one: ScoredResult) -> str:
    return f"{one.case.dataset}/{one.case.case_id}" if one.case else "no case"


def _figure(score: Score) -> str:
    if score.error is not None:
        return f"not computed: {score.error}"
    return "-" if score.value is None else f"{score.value:.4f}"


def _follows_from(score: Score) -> str:
    return ", ".join(f"{name} {amount:g}" for name, amount in score.components.items())
