"""How far an experiment is: what is measured, what was left out and why, and what its systems' figures say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.datasets.catalogue import Catalogue
from modellab.evaluation.documents import standing_document
from modellab.evaluation.outcomes import outcomes
from modellab.evaluation.speed import StepSpeed, speeds
from modellab.evaluation.standing import Standing, standing
from modellab.experiments.definition import Experiment
from modellab.settings import Lab
from modellab.warehouse.query import query

_LAST = """
WITH last AS (
    SELECT * FROM sweeps WHERE experiment = $experiment
    QUALIFY row_number() OVER (PARTITION BY dataset ORDER BY sequence DESC NULLS LAST) = 1
)
SELECT
    last.sweep, last.dataset, last.recorded_at AS ended_at, last.wall_s, last.metric, last.risk, last.level,
    sweep_systems.system, sweep_systems.fate, sweep_systems.inputs, sweep_systems.inputs_of, sweep_systems.against,
    sweep_systems.cases, sweep_systems.difference, sweep_systems.low, sweep_systems.high, sweep_systems.p
FROM last JOIN sweep_systems USING (sweep, dataset)
ORDER BY last.dataset, sweep_systems.system
"""
_STATES = """
SELECT
    experiment, max(recorded_at) AS ended_at, count(*) FILTER (fate = 'not finished') AS unfinished,
    count(*) FILTER (fate = 'ruled out') AS ruled_out
FROM (
    SELECT * FROM sweeps WHERE experiment IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY experiment, dataset ORDER BY sequence DESC NULLS LAST) = 1
) JOIN sweep_systems USING (sweep, dataset)
GROUP BY experiment
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One dataset of an experiment, over what is stored."""

    standing: Standing
    speeds: Mapping[str, Sequence[StepSpeed]]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return standing_document(self.standing, {system: list(found) for system, found in self.speeds.items()})


def figures(lab: Lab, experiment: Experiment) -> list[Figures]:
    """Its systems beside each other on each of its datasets. Nothing runs.

    Raises:
        UnknownName, DatasetError: a dataset is gone, or its manifest broken.
    """
    found = []
    for dataset in experiment.datasets:
        version, systems = Catalogue(lab).get(dataset).manifest.version, experiment.systems
        stands = standing(outcomes(lab, dataset, version, systems), systems)
        found.append(Figures(stands, speeds(lab, dataset, version, systems)))
    return found


def last_fates(lab: Lab, experiment: Experiment) -> list[dict[str, Any]]:
    """What became of each system the last time that it came to its end, dataset by dataset; columns of `sweeps` and
    `sweep_systems`."""
    return query(lab, _LAST, {"experiment": experiment.experiment}).as_records()


def states(lab: Lab) -> dict[str, str]:
    """Name of an experiment -> how far it is, in a few words; without those that never came to an end."""
    found = {}
    for name, _, unfinished, ruled_out in query(lab, _STATES).rows:
        said = "to be gone on with: the budget ended" if unfinished else "done"
        found[str(name)] = said + (f", {ruled_out} left out early" if ruled_out else "")
    return found
