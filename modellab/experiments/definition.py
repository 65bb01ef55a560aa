"""Experiments: what is to be measured and why, written down before it is. Deleting one leaves its results."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modellab.datasets.catalogue import Catalogue
from modellab.errors import UsageError
from modellab.evaluation.use_cases import metrics
from modellab.experiments.sweeping import Asked
from modellab.names import one_of, unknown_name
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_THERE = """
SELECT experiment, datasets, systems, metric, budget_s, question, hypothesis, set_by, recorded_at
FROM current_experiments ORDER BY experiment
"""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One as it is defined."""

    experiment: str
    """Its name."""
    datasets: tuple[str, ...]
    systems: tuple[str, ...]
    """Keys."""
    metric: str | None
    """The main one; None: the first that all its systems have."""
    budget_s: float | None
    """Of each start; None: as long as it takes."""
    question: str | None
    hypothesis: str | None
    """What whoever defined it expected."""
    set_by: str | None
    """Account."""
    recorded_at: datetime

    def asked(self, folders: Sequence[str] = ()) -> Asked:
        """What a start is to measure."""
        return Asked(self.datasets, self.systems, self.budget_s, self.metric, folders, self.experiment)


def define(
    lab: Lab,
    name: str,
    asked: Asked,
    *,
    question: str | None = None,
    hypothesis: str | None = None,
) -> Experiment:
    """Write an experiment down.

    Args:
        asked: its systems by their keys.

    Raises:
        UsageError: the name can't be one, or is taken.
        UnknownName: a dataset or metric that there is not.
        DatasetError: a manifest is broken.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be an experiment's name", allowed="small letters, digits, _ and -; at most 64 of them"
        )
    if any(one.experiment == name for one in experiments(lab)):
        raise UsageError(
            f"there is an experiment {name} already",
            hint=f"Look at it: modellab experiments show {name}. To define it anew, delete it first: results stay.",
        )
    for dataset in asked.datasets:
        Catalogue(lab).get(dataset)
    if asked.metric is not None:
        one_of("metric", asked.metric, metrics())
    content = {
        "deleted": False,
        "datasets": list(dict.fromkeys(asked.datasets)),
        "systems": list(asked.systems),
        "metric": asked.metric,
        "budget_s": asked.budget_s,
        "question": question,
        "hypothesis": hypothesis,
    }
    Recorder(lab).experiment(name, content)
    return experiment_named(lab, name)


def experiments(lab: Lab) -> list[Experiment]:
    """Those there are, by name."""
    build(lab)
    return [_experiment(row) for row in query(lab, _THERE).as_records()]


def experiment_named(lab: Lab, name: str) -> Experiment:
    """The experiment of a name.

    Raises:
        UnknownName: there is none; names the nearest.
    """
    found = {one.experiment: one for one in experiments(lab)}
    if name not in found:
        raise unknown_name("experiment", name, found)
    return found[name]


def delete(lab: Lab, name: str) -> None:
    """Take a definition away; runs, results and what is known of its sweeps stay.

    Raises:
        UnknownName: there is none.
    """
    experiment_named(lab, name)
    Recorder(lab).experiment(name, {"deleted": True})
    build(lab)


def _experiment(row: dict[str, Any]) -> Experiment:
    return Experiment(**{**row, "datasets": tuple(row["datasets"]), "systems": tuple(row["systems"])})
