"""The candidates of a use case as the JSON document of `modellab candidates --json`."""

import math
from typing import Any

from modellab.evaluation.candidates import Candidate, Part, as_meant
from modellab.evaluation.contenders import Field


def field_document(found: Field) -> dict[str, Any]:
    """All of it."""
    return {
        "use_case": found.use_case.id,
        "title": found.use_case.title,
        "candidates": [candidate_document(one) for one in found.candidates],
        "commands": found.commands,
        "gone": dict(found.gone),
        "other_machines": found.evidence.other_machines,
    }


def candidate_document(one: Candidate) -> dict[str, Any]:
    """One candidate."""
    return {
        "system": one.system,
        "device": one.device,
        "state": one.state,
        "rank": one.rank,
        "score": one.score if one.state == "ranked" else None,
        "ahead_of": list(one.ahead_of),
        "not_separable_from": list(one.not_separable_from),
        "constraints": [
            {"constraint": finding.constraint, "state": finding.state, "told": finding.told} for finding in one.findings
        ],
        "parts": [_part(part) for part in one.parts],
        "missing": one.missing,
        "unavailable": one.unavailable,
    }


def _part(part: Part) -> dict[str, Any]:
    criterion, figure = part.criterion, part.figure
    ends = [] if figure is None else [end for end in (figure.low, figure.high) if end is not None]
    meant = sorted(as_meant(criterion, end) for end in ends)
    low, high = meant if len(meant) == len(("low", "high")) else (None, None)
    return {
        "metric": criterion.metric,
        "dataset": criterion.dataset,
        "where": dict(criterion.where),
        "value": _finite(part.value),
        "low": _finite(low),
        "high": _finite(high),
        "n": figure.n if figure else 0,
        "weight": criterion.weight,
        "worth": None if part.value is None else criterion.worth(part.value),
        "points": part.points,
        "missing": part.missing,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
