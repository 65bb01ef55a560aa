"""What vectors of recordings are worth: telling speakers apart, and finding the like.

Similarity is the cosine. What the figures do not say: how a threshold that was set elsewhere does (EER sets its own),
or anything of speakers, rooms and lengths that are not in the trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.metrics.libraries import scorer_version
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same vectors would give other figures."""

Vector = npt.NDArray[np.floating]
"""Shape `(width,)`, of any length but 0."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A vector and what it is of: a speaker, a class."""

    label: str
    vector: Vector


def similarities(vectors: Sequence[Vector]) -> npt.NDArray[np.float64]:
    """Cosine of each with each, shape `(vectors, vectors)`."""
    matrix = np.stack([np.asarray(vector, dtype=np.float64) for vector in vectors])
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    product: npt.NDArray[np.float64] = unit @ unit.T
    return product


def retrieval(query: Labelled, others: Sequence[Labelled]) -> list[Score]:
    """Whether the nearest other recordings are of the same label: `recall_at_1` and `mrr`, mean reciprocal rank.

    Components: `right` (`reciprocal_rank`) over `cases`. Of equally near ones the worst place counts.

    Args:
        others: without the query; nothing is said where none has its label.
    """
    if not any(other.label == query.label for other in others):
        return []
    metrics = retrieval_metrics()
    if trouble := _trouble([query, *others]):
        return [Score(metric, {}, trouble) for metric in metrics]
    near = similarities([query.vector, *(other.vector for other in others)])[0, 1:]
    same = np.array([other.label == query.label for other in others])
    # As good as the best of the same label: every other of that similarity or more comes before it.
    rank = 1 + int((near[~same] >= near[same].max()).sum())
    return [
        Score(metrics[0], {"right": float(rank == 1), "cases": 1}),
        Score(metrics[1], {"reciprocal_rank": 1 / rank, "cases": 1}),
    ]


def retrieval_metrics() -> list[Metric]:
    """`recall_at_1` and `mrr`. Components: `right` (`reciprocal_rank`) over `cases`."""
    return [
        Metric(name, "ratio", "higher", "cosine", SCORER_VERSION, numerator={amount: 1}, denominator={"cases": 1})
        for name, amount in (("recall_at_1", "right"), ("mrr", "reciprocal_rank"))
    ]


def verification(items: Sequence[Labelled]) -> list[Score]:
    """Every recording with every other: equal error rate, and how far apart the same and others are.

    `eer`: the rate at which as many of the same speaker are refused as others taken for one, between two thresholds on
    the line that joins them. `cosine_separation`: mean similarity of the same less that of others.
    Components: the figure itself over `trial_sets`, and `same` and `different`, numbers of pairs.
    """
    error = Metric(
        *("eer", "ratio", "lower", "cosine, every pair", scorer_version(SCORER_VERSION, "scikit-learn")),
        numerator={"eer": 1},
        denominator={"trial_sets": 1},
        others=("same", "different"),
    )
    apart = Metric(
        *("cosine_separation", "cosine", "higher", "cosine, every pair", SCORER_VERSION),
        numerator={"cosine_separation": 1},
        denominator={"trial_sets": 1},
        others=("same", "different"),
    )
    if trouble := _trouble(items):
        return [Score(metric, {}, trouble) for metric in (error, apart)]
    rows, columns = np.triu_indices(len(items), k=1)
    same = np.array([items[row].label == items[column].label for row, column in zip(rows, columns, strict=True)], bool)
    counts = {"same": float(same.sum()), "different": float((~same).sum())}
    if not all(counts.values()):
        lacking = "of the same label" if not counts["same"] else "of different labels"
        return [Score(metric, {}, f"no two recordings are {lacking}") for metric in (error, apart)]
    near = similarities([item.vector for item in items])[rows, columns]
    separation = float(near[same].mean() - near[~same].mean())
    return [
        Score(error, {"eer": equal_error_rate(same, near), "trial_sets": 1, **counts}),
        Score(apart, {"cosine_separation": separation, "trial_sets": 1, **counts}),
    ]


def equal_error_rate(same: npt.NDArray[np.bool_], similar: npt.NDArray[np.float64]) -> float:
    """Where the rates of false acceptance and of false rejection cross, on the lines between scikit-learn's points.

    Args:
        same: of each trial, whether both are the same; some are, some are not.
        similar: of each trial, how similar both are.
    """
    from sklearn.metrics import roc_curve

    accepted, right, _ = roc_curve(same, similar, drop_intermediate=False)
    ahead = accepted - (1 - right)
    after = int(np.argmax(ahead >= 0))
    if ahead[after] == 0:
        return float(accepted[after])
    part = -ahead[after - 1] / (ahead[after] - ahead[after - 1])
    return float(accepted[after - 1] + part * (accepted[after] - accepted[after - 1]))


def _trouble(items: Sequence[Labelled]) -> str | None:
    if not items:
        return "there is no vector"
    widths = sorted({item.vector.shape for item in items})
    if len(widths) > 1:
        return f"vectors have different shapes: {', '.join(map(str, widths))}"
    for item in items:
        if not np.isfinite(item.vector).all() or not item.vector.any():
            return f"the vector of a recording of {item.label} has no direction"
    return None
