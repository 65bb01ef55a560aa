"""Action items that were found, and who is to do them by when.

What these do not say: whether a task is well worded, or whether what the reference leaves out is one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from modellab.metrics.score import Metric, Score
from modellab.surfaces.results import Segment

SCORER_VERSION = "1"
"""Raise it whenever the same items would give other counts."""

LEAST_WORDING = 0.5
"""Of the words of two tasks, the F1 from which they are the same where the reference does not say when."""

PROTOCOL = f"evidence in the reference's time, else task with word F1 of {LEAST_WORDING:g} or more; each once"


@dataclass(frozen=True, slots=True)
class Action:
    """An action item, labelled or found."""

    task: str
    assignees: frozenset[str]
    """All names of who is to do it, labels of speakers too, in any case; empty: nobody in particular."""
    due_date: date | None
    spans: tuple[Segment, ...] = ()
    """When it is assigned or taken on; of a labelled one empty where that is not known."""


class Pair(NamedTuple):
    """Places of a labelled action and the one found for it."""

    labelled: int
    found: int


def paired(labelled: Sequence[Action], found: Sequence[Action]) -> list[Pair]:
    """Which found action is which labelled one: as many as can be, of several ways the one with the most time in
    common, then the most words."""
    if not labelled or not found:
        return []
    from scipy.optimize import linear_sum_assignment

    fits = np.array([[_fit(one, other) for other in found] for one in labelled])
    rows, columns = linear_sum_assignment(np.where(fits > 0.0, 1.0 + fits / (2.0 * fits.size), 0.0), maximize=True)
    return [Pair(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if fits[row, column] > 0.0]


def action_scores(labelled: Sequence[Action], found: Sequence[Action]) -> list[Score]:
    """Precision, recall and F1 of the items, and of those found how many have the right assignee, the right date."""
    pairs = [(labelled[pair.labelled], found[pair.found]) for pair in paired(labelled, found)]
    counts = {"matched": len(pairs), "labelled": len(labelled), "found": len(found)}
    right = {
        "assignee_accuracy": sum(right_assignee(one, other) for one, other in pairs),
        "due_date_accuracy": sum(one.due_date == other.due_date for one, other in pairs),
    }
    return [
        *(Score(metric, {name: counts[name] for name in metric.components}) for metric in item_metrics()),
        *(Score(detail_metric(name), {"right": many, "matched": len(pairs)}) for name, many in right.items()),
    ]


def right_assignee(labelled: Action, found: Action) -> bool:
    """Whether the two have a name in common, or both have none; case does not count."""
    wanted, given = ({name.casefold() for name in one.assignees} for one in (labelled, found))
    return bool(wanted & given) or not (wanted or given)


def item_metrics() -> tuple[Metric, Metric, Metric]:
    """Precision, recall and F1."""
    return (
        _metric("action_precision", {"matched": 1}, {"found": 1}),
        _metric("action_recall", {"matched": 1}, {"labelled": 1}),
        _metric("action_f1", {"matched": 2}, {"labelled": 1, "found": 1}),
    )


def detail_metric(name: str) -> Metric:
    """`assignee_accuracy` or `due_date_accuracy`, of items that were found."""
    return _metric(name, {"right": 1}, {"matched": 1})


def _metric(name: str, numerator: dict[str, float], denominator: dict[str, float]) -> Metric:
    release = f"{SCORER_VERSION}+scipy-{version('scipy')}"
    return Metric(name, "ratio", "higher", PROTOCOL, release, numerator, denominator)


def _fit(labelled: Action, found: Action) -> float:
    """How well an item fits a label, 0 (not at all) to 1: time in common counts more than any words."""
    wording = _wording(labelled.task, found.task)
    if not labelled.spans:
        return wording if wording >= LEAST_WORDING else 0.0
    common_s = _common_s(labelled.spans, found.spans)
    shorter_s = min(sum(span.duration_s for span in one.spans) for one in (labelled, found))
    return (2.0 * min(1.0, common_s / shorter_s) + wording) / 3.0 if common_s > 0.0 else 0.0


def _wording(one: str, other: str) -> float:
    """F1 of the sets of words of two tasks."""
    words, others = (set(task.casefold().split()) for task in (one, other))
    return 2 * len(words & others) / (len(words) + len(others)) if words and others else 0.0


def _common_s(spans: Iterable[Segment], others: Sequence[Segment]) -> float:
    return sum(
        max(0.0, min(span.end_s, other.end_s) - max(span.start_s, other.start_s)) for span in spans for other in others
    )
