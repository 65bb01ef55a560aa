"""What a promotion rests on: the runs and results that its figures come from, which nobody must remove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modellab.settings import Lab
from modellab.warehouse.query import query

_RESTING = """
WITH
    wanted AS (SELECT unnest($datasets) AS dataset, unnest($versions) AS version),
    known AS (SELECT DISTINCT input FROM current_cases SEMI JOIN wanted USING (dataset, version)),
    newest AS (
        SELECT steps.run, steps.dagster_run_id, steps.fingerprint
        FROM counted_steps AS steps SEMI JOIN known USING (input)
        WHERE list_contains($systems, steps.system) AND steps.status = 'completed' AND steps.fingerprint IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY steps.system, steps.input, steps.step, steps.device
            ORDER BY coalesce(steps.sequence, 0) DESC, steps.ended_at DESC
        ) = 1
    )
SELECT run, dagster_run_id, fingerprint FROM newest
UNION
-- What was found in the cache was made by another run.
SELECT steps.run, steps.dagster_run_id, steps.fingerprint
FROM steps SEMI JOIN newest USING (fingerprint) WHERE steps.status = 'completed' AND NOT steps.cached
"""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What figures rest on."""

    versions: Mapping[str, str]
    """Dataset -> its version."""
    runs: tuple[str, ...]
    """Keys of runs, in order; likewise the others."""
    dagster_runs: tuple[str, ...]
    fingerprints: tuple[str, ...]
    """Of every step's result, those that scores were made of and from among them."""


def grounds(lab: Lab, versions: Mapping[str, str], systems: Sequence[str]) -> Grounds:
    """The runs and results of systems on datasets, as they count now.

    Args:
        versions: dataset -> version.
    """
    given = {"datasets": list(versions), "versions": list(versions.values()), "systems": list(systems)}
    rows = query(lab, _RESTING, given).rows
    runs, dagster_runs, fingerprints = ({row[place] for row in rows if row[place]} for place in range(3))
    return Grounds(dict(versions), tuple(sorted(runs)), tuple(sorted(dagster_runs)), tuple(sorted(fingerprints)))
