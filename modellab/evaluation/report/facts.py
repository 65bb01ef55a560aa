"""What a report rests on: the dataset, the systems that were measured on it, and what made their results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.errors import UsageError
from modellab.names import one_of
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.warehouse.query import query

_DATASETS = """
SELECT
    dataset AS id, any_value(version) AS version, any_value(description) AS description,
    any_value(licence) AS licence, any_value(languages) AS languages, count(case_id) AS cases,
    sum(duration_s) AS sound_s
FROM current_datasets
LEFT JOIN (SELECT dataset, version, case_id, duration_s FROM current_cases LEFT JOIN inputs USING (input))
    USING (dataset, version)
GROUP BY dataset ORDER BY dataset
"""
_SYSTEMS = """
SELECT system, min(scored_at) AS since FROM latest_scores
WHERE dataset = $dataset AND dataset_version = $version GROUP BY system ORDER BY since, system
"""
_NEWEST = """
SELECT max(scored_at) AS newest FROM latest_scores
WHERE dataset = $dataset AND dataset_version = $version AND list_contains($systems, system)
"""
_MADE = """
SELECT
    latest.system, latest.step, artifacts.model, artifacts.weights_sha256, artifacts.runtime,
    artifacts.runtime_version, artifacts.device, artifacts.compute_type, artifacts.machine, artifacts.code_version,
    artifacts.modellab_version, settings.threads, count(*) AS results
FROM latest_artifacts AS latest
JOIN current_cases AS cases USING (input)
JOIN artifacts USING (fingerprint)
LEFT JOIN (
    SELECT fingerprint, list_sort(list(DISTINCT threads)) AS threads
    FROM counted_steps WHERE status = 'completed' AND NOT cached GROUP BY fingerprint
) AS settings USING (fingerprint)
WHERE cases.dataset = $dataset AND cases.version = $version AND list_contains($systems, latest.system)
    AND artifacts.model IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""
_HOSTS = "SELECT machine, platform, cpu, gpus, blas FROM hosts WHERE list_contains($machines, machine) ORDER BY machine"


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """The dataset as it was enrolled last."""

    id: str
    version: str
    description: str | None
    licence: str | None
    languages: Sequence[str]
    cases: int
    sound_s: float
    """All its recordings together; those that could not be had are not in it."""


def dataset_facts(lab: Lab, dataset: str) -> DatasetFacts:
    """What the lab knows of a dataset.

    Raises:
        UnknownName: it was never enrolled.
    """
    known = {row["id"]: row for row in query(lab, _DATASETS).as_records()}
    row = known[one_of("dataset with results", dataset, known)]
    return DatasetFacts(**{**row, "languages": row["languages"] or [], "sound_s": row["sound_s"] or 0.0})


def measured_systems(lab: Lab, facts: DatasetFacts, asked: Sequence[str]) -> list[str]:
    """Keys of the systems of a report: those asked for, or all that have results, the first measured first.

    Raises:
        UsageError: there are none.
        UnknownName: one asked for has no result on the dataset.
    """
    rows = query(lab, _SYSTEMS, {"dataset": facts.id, "version": facts.version}).as_records()
    stored = [row["system"] for row in rows]
    if not stored:
        raise UsageError(
            f"there is no result on {facts.id} {facts.version}",
            hint=f"Measure first: modellab bench --dataset {facts.id} --models ...",
        )
    if not asked:
        return stored
    registry = ModelRegistry()
    keys = [key if key in stored else resolve_system(key, registry, lab).key for key in asked]
    return list(dict.fromkeys(one_of(f"system with results on {facts.id}", key, stored) for key in keys))


def newest_score(lab: Lab, facts: DatasetFacts, systems: Sequence[str]) -> str:
    """When the newest of the figures was worked out: ISO 8601, UTC."""
    given = {"dataset": facts.id, "version": facts.version, "systems": list(systems)}
    return str(query(lab, _NEWEST, given).as_records()[0]["newest"])


def made_by(lab: Lab, facts: DatasetFacts, systems: Sequence[str]) -> list[dict[str, Any]]:
    """What made the results: a row for each system, step and way in which it was run."""
    given = {"dataset": facts.id, "version": facts.version, "systems": list(systems)}
    return query(lab, _MADE, given).as_records()


def hosts(lab: Lab, machines: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The machines that results were made on.

    Args:
        machines: system -> digests.
    """
    every = sorted({machine for found in machines.values() for machine in found})
    return query(lab, _HOSTS, {"machines": every}).as_records()
