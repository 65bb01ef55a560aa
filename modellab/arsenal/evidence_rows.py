"""What the database says of models, datasets and pipelines as a whole, a dictionary each."""

from typing import Any

from modellab.settings import Lab
from modellab.warehouse.query import query

_RAN = """
SELECT
    model, count(DISTINCT input) AS inputs, strftime(max(ended_at), '%Y-%m-%d') AS last,
    count(DISTINCT machine) AS machines
FROM counted_steps WHERE status = 'completed' AND model IS NOT NULL GROUP BY model
UNION ALL
SELECT model, count(DISTINCT input), strftime(max(started_at), '%Y-%m-%d'), count(DISTINCT machine)
FROM helper_models WHERE status = 'completed' AND model NOT IN (SELECT model FROM counted_steps WHERE model IS NOT NULL)
GROUP BY model
"""
_WEIGHTS = """
SELECT model, list(DISTINCT left(weights_sha256, 12) ORDER BY left(weights_sha256, 12)) AS weights
FROM artifacts WHERE model IS NOT NULL AND weights_sha256 IS NOT NULL GROUP BY model
"""
_SCORED = """
SELECT system, dataset, dataset_version AS version, strftime(max(scored_at), '%Y-%m-%d') AS last
FROM latest_scores WHERE dataset IS NOT NULL GROUP BY ALL
"""
_IN_PIPELINES = """
SELECT model, list(DISTINCT dataset ORDER BY dataset) AS datasets
FROM latest_scores WHERE model IS NOT NULL AND dataset IS NOT NULL GROUP BY model
"""
_ENROLLED = """
SELECT dataset, version, count(*) FILTER (input IS NOT NULL) AS cases, count(*) FILTER (error IS NOT NULL) AS lost
FROM current_cases GROUP BY ALL
"""
_TEMPLATES = """
SELECT template, count(*) AS runs, count(DISTINCT input) AS inputs, strftime(max(occurred_at), '%Y-%m-%d') AS last
FROM runs WHERE event = 'started' AND template IS NOT NULL GROUP BY template
"""
_GATES = """
SELECT dataset, system, status, verdict, strftime(recorded_at, '%Y-%m-%d') AS at
FROM gates QUALIFY row_number() OVER (PARTITION BY dataset, system ORDER BY sequence DESC NULLS LAST) = 1 ORDER BY ALL
"""


def ran(lab: Lab) -> dict[str, dict[str, Any]]:
    """Model -> on how many recordings it ran, when last, on how many kinds of machine."""
    return {row["model"]: row for row in query(lab, _RAN).as_records()}


def weights(lab: Lab) -> dict[str, list[str]]:
    """Model -> digests of the weights that its results were made with, 12 digits each."""
    return {row["model"]: row["weights"] for row in query(lab, _WEIGHTS).as_records()}


def scored(lab: Lab) -> dict[tuple[str, str, str], str]:
    """System, dataset and version -> the day (UTC) of its newest score."""
    rows = query(lab, _SCORED).as_records()
    return {(row["system"], row["dataset"], row["version"]): row["last"] for row in rows}


def judged_in_pipelines(lab: Lab) -> dict[str, list[str]]:
    """Model -> datasets on which results of its steps were scored, in whatever system."""
    return {row["model"]: row["datasets"] for row in query(lab, _IN_PIPELINES).as_records()}


def enrolled(lab: Lab) -> dict[tuple[str, str], dict[str, Any]]:
    """Dataset and version -> how many of its cases are in the lab, and how many can't be had."""
    return {(row["dataset"], row["version"]): row for row in query(lab, _ENROLLED).as_records()}


def templates(lab: Lab) -> dict[str, dict[str, Any]]:
    """Pipeline -> its runs, with whatever models."""
    return {row["template"]: row for row in query(lab, _TEMPLATES).as_records()}


def gates(lab: Lab) -> list[dict[str, Any]]:
    """What the regression gate last said of each system on each dataset."""
    return query(lab, _GATES).as_records()
