"""Claims about models, each with a verdict: supported, contradicted, or not comparable with what was measured here."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modellab.evaluation.claims import Claim
from modellab.evaluation.findings import Finding, claimed, judged_models
from modellab.evaluation.measured import measured
from modellab.evaluation.outcomes import outcomes
from modellab.evaluation.standing import standing
from modellab.settings import Lab
from modellab.warehouse.query import query

Verdict = Literal["supported", "contradicted", "not comparable"]

_CURRENT = """
SELECT DISTINCT model_id, variant, metric, dataset, protocol, value, unit, stated_in, note, recorded_by
FROM current_claims ORDER BY ALL
"""
_OF_ONE: dict[str, Verdict] = {
    "not contradicted": "supported",
    "contradicted": "contradicted",
    "not comparable": "not comparable",
}


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim as it was stated or recorded."""

    claim: Claim
    note: str | None
    recorded_by: str | None
    """Who recorded it in this lab; None of what comes with the model's folder."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        claim = self.claim
        return {
            "model": claim.model_id if claim.variant is None else f"{claim.model_id}:{claim.variant}",
            **{name: getattr(claim, name) for name in ("metric", "dataset", "protocol", "value", "unit", "stated_in")},
            "note": self.note,
            "recorded_by": self.recorded_by,
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """A claim beside all figures of the same metric that its model has here."""

    stated: Stated
    verdict: Verdict
    """Contradicted by any comparable figure, else supported by any."""
    reason: str
    beside: Sequence[Finding]
    """What it was held against, one for each system and dataset."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        measured_here = [
            {
                "dataset": one.dataset,
                **{name: one.figures[name] for name in ("system", "model", "reason", "claimed", "measured")},
                "verdict": _OF_ONE[one.figures["verdict"]],
                "query": one.query,
            }
            for one in self.beside
        ]
        return {**self.stated.document(), "verdict": self.verdict, "reason": self.reason, "measured": measured_here}


def stated_claims(lab: Lab, model_id: str | None = None, variant: str | None = None) -> list[Stated]:
    """Claims about all models, or about one.

    Args:
        variant: only what is about this one, or about all of the model's.
    """
    rows = query(lab, _CURRENT).as_records()
    every = [Stated(note=row.pop("note"), recorded_by=row.pop("recorded_by"), claim=Claim(**row)) for row in rows]
    return [
        one
        for one in every
        if model_id in (None, one.claim.model_id) and (variant is None or one.claim.variant in (None, variant))
    ]


def verified(lab: Lab, stated: Sequence[Stated]) -> list[Verified]:
    """Every claim with its verdict, in the order given."""
    beside: defaultdict[Claim, list[Finding]] = defaultdict(list)
    claims = list(dict.fromkeys(one.claim for one in stated))
    for one in measured(lab):
        stands = standing(outcomes(lab, one.dataset, one.version, one.systems), one.systems)
        for finding in claimed(one, stands, claims, judged_models(lab, one)):
            beside[Claim(**finding.figures["claim"])].append(finding)
    return [Verified(one, *_verdict(one.claim, beside[one.claim]), beside[one.claim]) for one in stated]


def _verdict(claim: Claim, beside: Sequence[Finding]) -> tuple[Verdict, str]:
    if not beside:
        return "not comparable", f"no result of it was measured here by {claim.metric}"
    wanted: Verdict
    for wanted in ("contradicted", "supported", "not comparable"):
        found = [one for one in beside if _OF_ONE[one.figures["verdict"]] == wanted]
        if found:
            told = dict.fromkeys(f"{one.figures['system']} on {one.dataset}: {one.figures['reason']}" for one in found)
            return wanted, "; ".join(told)
    raise AssertionError("every verdict is one of three")
