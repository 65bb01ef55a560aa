"""The evidence of a promotion as it is kept in its event: read years later, it says what was known."""

from typing import Any

from modellab.evaluation.candidates import Candidate
from modellab.evaluation.documents import comparison_document
from modellab.evaluation.field_document import candidate_document
from modellab.promotion.hearing import Hearing, Weighed
from modellab.promotion.resting import Grounds
from modellab.statistics.comparing import Versus


def evidence_document(found: Hearing, rests: Grounds) -> dict[str, Any]:
    """All of it, with the keys of runs and the fingerprints of results that it rests on."""
    case = found.field.use_case
    names = (found.system, found.current or "")
    return {
        "verdict": "overridden" if found.objections else found.verdict,
        "objections": list(found.objections),
        "datasets": dict(rests.versions),
        "surfaces": case.surfaces,
        "margin": case.margin,
        "system": _candidate(found.candidate),
        "against": {
            **(_candidate(found.rival) or {"system": found.current}),
            "score_low": found.score_low,
            "score_high": found.score_high,
        }
        if found.verdict not in ("the first", "confirmed") and found.current is not None
        else None,
        "criteria": [_weighed(one, names) for one in found.weighed],
        "runs": list(rests.runs),
        "dagster_runs": list(rests.dagster_runs),
        "fingerprints": list(rests.fingerprints),
    }


def _candidate(one: Candidate | None) -> dict[str, Any] | None:
    return None if one is None else candidate_document(one)


def _weighed(one: Weighed, names: tuple[str, str]) -> dict[str, Any]:
    worst, apart = one.worst, one.worst_against
    return {
        **one.criterion.model_dump(mode="json"),
        "unit": one.measure.unit,
        "protocol": one.measure.protocol,
        "scorer_version": one.measure.scorer_version,
        "worst_slice": None
        if worst is None
        else {"tag": worst.tag, "value": worst.value, "figure": worst.interval.value, "n": worst.interval.n},
        "against": None if one.against is None else comparison_document(Versus(*names, one.against)),
        "said": None if one.against is None else one.sentence,
        "worst_slice_against": None
        if apart is None
        else {"tag": apart.tag, "value": apart.value, **comparison_document(Versus(*names, apart.comparison))},
    }
