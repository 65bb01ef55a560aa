"""What has been measured: which systems have figures on which datasets, and which evidence there is at all."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from modellab.errors import UnknownName
from modellab.names import unknown_name
from modellab.settings import Lab
from modellab.warehouse.query import query

_MEASURED = """
SELECT DISTINCT outcomes.dataset, outcomes.dataset_version AS version, system
FROM case_outcomes AS outcomes
LEFT JOIN current_datasets AS datasets
    ON datasets.dataset = outcomes.dataset AND datasets.version = outcomes.dataset_version
WHERE outcomes.dataset IS NOT NULL
-- Of several versions the one that was enrolled last: what was measured on others is another figure.
QUALIFY rank() OVER (
    PARTITION BY outcomes.dataset ORDER BY datasets.recorded_at DESC NULLS LAST, dataset_version DESC
) = 1
ORDER BY ALL
"""
_COVERAGE = """
SELECT model, surface, status, dataset, metrics, cases, inputs FROM coverage
WHERE
    ($surface IS NULL OR surface = $surface) AND ($dataset IS NULL OR dataset = $dataset)
    AND ($model IS NULL OR model = $model OR split_part(model, ':', 1) = $model)
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A dataset, and the systems that were put to it."""

    dataset: str
    version: str
    systems: tuple[str, ...]
    """In order of name."""


def measured(lab: Lab, dataset: str | None = None) -> list[Measured]:
    """The datasets on which anything was measured, in order of name; each in the version enrolled last of those.

    Args:
        dataset: only this one.

    Raises:
        UnknownName: nothing was measured on that one.
    """
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name, version, system in query(lab, _MEASURED).rows:
        found[name, version].append(system)
    every = [Measured(name, version, tuple(systems)) for (name, version), systems in found.items()]
    if dataset is None:
        return every
    wanted = [one for one in every if one.dataset == dataset]
    if not wanted:
        raise UnknownName(
            f"nothing was measured on a dataset {dataset!r}",
            allowed=", ".join(one.dataset for one in every) or "none has figures yet",
            hint=f"modellab bench --dataset {dataset} --models MODEL,MODEL measures on it.",
        )
    return wanted


def system_measured(lab: Lab, system: str) -> list[Measured]:
    """The datasets that a system was put to.

    Raises:
        UnknownName: no system of that name was measured.
    """
    every = measured(lab)
    found = [one for one in every if system in one.systems]
    if not found:
        error = unknown_name("measured system", system, {name for one in every for name in one.systems})
        hint = error.hint or f"modellab bench --dataset DATASET --models {system} measures it."
        raise UnknownName(error.what, allowed=error.allowed, hint=hint)
    return found


def coverage(
    lab: Lab, *, model: str | None = None, surface: str | None = None, dataset: str | None = None
) -> list[dict[str, Any]]:
    """Which model has evidence for which surface on which dataset: rows of the view `coverage`, as JSON has them."""
    return query(lab, _COVERAGE, {"model": model, "surface": surface, "dataset": dataset}).as_records()
