"""Classes of a recording, against its labels: accuracy, F1 of each class, and what a ranking is worth.

Unit: ratio. Higher is better. What they do not say: which mistakes matter (a cat for a dog counts like a cat for a
drill), or anything of classes that no recording has. Average precision is scikit-learn's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from modellab.metrics.libraries import scorer_version
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same classes would give other figures."""
TOP = 5


@dataclass(frozen=True, slots=True)
class Classified:
    """What a model says of a recording."""

    scores: Mapping[str, float]
    """Class -> how much it is that one, of every class that the model knows; the higher the likelier."""
    chosen: frozenset[str] | None = None
    """Classes that the model says there are, of one that says several; None: the likeliest alone."""

    @property
    def ranked(self) -> list[str]:
        """Classes, the likeliest first; of equals that which comes first by name."""
        return sorted(self.scores, key=lambda name: (-self.scores[name], name))

    @property
    def said(self) -> Set[str]:
        """Classes that it counts as saying."""
        return frozenset(self.ranked[:1]) if self.chosen is None else self.chosen


def share(name: str, protocol: str, version: str = SCORER_VERSION) -> Metric:
    """Share of recordings of which something holds. Components: `right` over `cases`."""
    return Metric(name, "ratio", "higher", protocol, version, numerator={"right": 1}, denominator={"cases": 1})


def ranking() -> Metric:
    """Label ranking average precision. Components: `precision`, of one recording, over `cases`."""
    return Metric(
        name="label_ranking_precision",
        unit="ratio",
        better="higher",
        protocol="all classes that the model knows",
        version=scorer_version(SCORER_VERSION, "scikit-learn"),
        numerator={"precision": 1},
        denominator={"cases": 1},
    )


def f1(name: str, protocol: str) -> Metric:
    """F1: twice what is rightly said over what is said and what is so. Components: `right`, `said`, `true`."""
    return Metric(
        name=name,
        unit="ratio",
        better="higher",
        protocol=protocol,
        version=SCORER_VERSION,
        numerator={"right": 2},
        denominator={"said": 1, "true": 1},
    )


def class_scores(labels: Set[str], found: Classified) -> list[Score]:
    """Figures of one recording.

    Args:
        labels: at least one.
    """
    if trouble := _trouble(found):
        metrics = [share("accuracy", ""), share("top_5_accuracy", ""), f1("micro_f1", "all classes"), ranking()]
        return [Score(metric, {}, trouble) for metric in metrics]
    top = found.ranked[:TOP]
    return [
        Score(share("accuracy", ""), {"right": float(found.said == labels), "cases": 1}),
        Score(share("top_5_accuracy", ""), {"right": float(not labels.isdisjoint(top)), "cases": 1}),
        Score(f1("micro_f1", "all classes"), _counts(labels, found.said)),
        _ranked(labels, found),
    ]


def macro_f1(cases: Iterable[tuple[Set[str], Set[str]]]) -> Score:
    """Mean over classes of each class's F1 over a whole corpus; classes that are nowhere said nor true do not count.

    Components: `f1`, the sum over classes, over `classes`; `right`, `said` and `true`, sums over recordings.

    Args:
        cases: labels of a recording, and the classes said of it.
    """
    by_class: defaultdict[str, dict[str, float]] = defaultdict(lambda: {"right": 0.0, "said": 0.0, "true": 0.0})
    for labels, said in cases:
        for name in labels | said:
            for count, amount in _counts(labels & {name}, said & {name}).items():
                by_class[name][count] += amount
    figures = [2 * one["right"] / (one["said"] + one["true"]) for one in by_class.values()]
    metric = Metric(
        name="macro_f1",
        unit="ratio",
        better="higher",
        protocol="classes that are said or true",
        version=SCORER_VERSION,
        numerator={"f1": 1},
        denominator={"classes": 1},
        others=("right", "said", "true"),
    )
    if not figures:
        return Score(metric, {}, "there is no class in any recording")
    sums = {count: sum(one[count] for one in by_class.values()) for count in ("right", "said", "true")}
    return Score(metric, {"f1": sum(figures), "classes": len(figures), **sums})


def mean_average_precision(cases: Sequence[tuple[Set[str], Classified]]) -> Score:
    """Mean over classes of the average precision of a whole corpus's recordings ranked by their score (mAP).

    Components: `precision`, the sum over classes, over `classes`, those that at least one recording has.
    """
    metric = Metric(
        name="map",
        unit="ratio",
        better="higher",
        protocol="classes that some recording has, each weighing the same",
        version=scorer_version(SCORER_VERSION, "scikit-learn"),
        numerator={"precision": 1},
        denominator={"classes": 1},
    )
    from sklearn.metrics import average_precision_score

    if trouble := next((found for _, one in cases if (found := _trouble(one))), None):
        return Score(metric, {}, trouble)
    precisions = []
    for name in sorted({label for labels, _ in cases for label in labels}):
        if lacking := next((one for _, one in cases if name not in one.scores), None):
            return Score(
                metric, {}, f"the model does not know the class {name}, of {len(lacking.scores)} that it knows"
            )
        true = np.array([name in labels for labels, _ in cases])
        precisions.append(float(average_precision_score(true, np.array([one.scores[name] for _, one in cases]))))
    if not precisions:
        return Score(metric, {}, "there is no class in any recording")
    return Score(metric, {"precision": sum(precisions), "classes": len(precisions)})


def _counts(labels: Set[str], said: Set[str]) -> dict[str, float]:
    return {"right": len(labels & said), "said": len(said), "true": len(labels)}


def _ranked(labels: Set[str], found: Classified) -> Score:
    from sklearn.metrics import label_ranking_average_precision_score

    if unknown := sorted(labels - found.scores.keys()):
        return Score(ranking(), {}, f"the model does not know the class {', '.join(unknown)}")
    names = found.ranked
    true = np.array([[name in labels for name in names]])
    precision = float(label_ranking_average_precision_score(true, np.array([[found.scores[name] for name in names]])))
    return Score(ranking(), {"precision": precision, "cases": 1})


def _trouble(found: Classified) -> str | None:
    if not found.scores:
        return "the model says nothing of any class"
    odd = sorted(name for name, score in found.scores.items() if not np.isfinite(score))
    return f"the scores of {', '.join(odd)} are no numbers" if odd else None
