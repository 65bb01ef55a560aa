"""What was promoted and demoted for each use case, from the lab's lifecycle events; what follows from them now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from modellab.errors import UnknownName
from modellab.names import unknown_name
from modellab.outside import RESULT, parse_json
from modellab.settings import Lab
from modellab.warehouse.query import query

PROMOTED, DEMOTED = "promoted", "demoted"
_EVENTS = """
SELECT
    source AS id, event, use_case, subject AS system, system_before AS before, system_after AS after, reason, evidence,
    decided_by, occurred_at AS at
FROM lifecycle_events WHERE subject_kind = 'system' AND use_case IS NOT NULL
ORDER BY sequence NULLS FIRST, occurred_at
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One promotion or demotion, as it was recorded."""

    id: str
    event: Literal["promoted", "demoted"]
    use_case: str
    system: str
    """The one that was promoted or demoted."""
    before: str | None
    """What was promoted until then."""
    after: str | None
    """What is promoted from then on."""
    reason: str
    evidence: Mapping[str, Any]
    decided_by: str | None
    at: datetime

    @property
    def verdict(self) -> str:
        """What the evidence came to; empty of a demotion."""
        return str(self.evidence.get("verdict", ""))

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {**named, "evidence": dict(self.evidence), "at": self.at.isoformat()}


def decisions(lab: Lab, use_case: str | None = None) -> list[Decision]:
    """Every promotion and demotion, the oldest first.

    Args:
        use_case: only those for this one.
    """
    found = []
    if lab.database.exists():
        stored = query(lab, _EVENTS)
        rows = [dict(zip(stored.columns, row, strict=True)) for row in stored.rows]
        found = [Decision(**{**row, "evidence": _evidence(row["evidence"])}) for row in rows]
    return [one for one in found if use_case in (None, one.use_case)]


def decision(lab: Lab, name: str) -> Decision:
    """The decision of an id, whose beginning is enough; of a use case the one that counts now.

    Raises:
        UnknownName: there is none, or an id's beginning is that of several.
    """
    every = decisions(lab)
    if of_use_case := [one for one in every if one.use_case == name]:
        return of_use_case[-1]
    meant = [one for one in every if one.id.startswith(name)]
    if len(meant) > 1:
        raise UnknownName(f"several decisions begin with {name!r}", found=", ".join(one.id for one in meant))
    if not meant:
        known = dict.fromkeys([*(one.use_case for one in every), *(one.id for one in every)])
        raise unknown_name("promotion or use case with one", name, known)
    return meant[0]


def in_use(every: Iterable[Decision]) -> dict[str, list[Decision]]:
    """Use case -> the promotions that stand, the present one last; none where nothing is promoted.

    A demotion takes the last one away; one that leaves nothing promoted takes all. A system that is promoted once more
    stands in its own place: its later evidence counts.
    """
    standing: dict[str, list[Decision]] = {}
    for one in every:
        those = standing.setdefault(one.use_case, [])
        if one.event == DEMOTED:
            del those[-1 if one.after is not None else 0 :]
            continue
        if those and those[-1].system == one.system:
            those.pop()
        those.append(one)
    return {use_case: those for use_case, those in standing.items() if those}


def promoted(lab: Lab) -> dict[str, Decision]:
    """Use case -> the promotion that counts now."""
    return {use_case: those[-1] for use_case, those in in_use(decisions(lab)).items()}


def standing_for(lab: Lab, use_case: str) -> Sequence[Decision]:
    """The promotions that stand for a use case, the present one last."""
    return in_use(decisions(lab, use_case)).get(use_case, [])


def _evidence(stored: Any) -> Mapping[str, Any]:
    found = parse_json(stored, "the evidence of a decision", RESULT) if isinstance(stored, str) else stored
    return found if isinstance(found, Mapping) else {}
