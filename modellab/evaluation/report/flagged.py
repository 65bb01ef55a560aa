"""Words that were probably never said, by system: how many, of which kinds, and some of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.evaluation.report.facts import DatasetFacts
from modellab.settings import Lab
from modellab.speech.hallucinations.flags import Strength
from modellab.warehouse.query import query

_EXAMPLES = 5
"""Of each system."""
_FLAGS = """
SELECT latest.system, cases.case_id, flags.kind, flags.strength, flags.start_s, flags.text, flags.why
FROM latest_artifacts AS latest
JOIN current_cases AS cases USING (input)
LEFT JOIN flags USING (fingerprint)
WHERE cases.dataset = $dataset AND cases.version = $version AND list_contains($systems, latest.system)
    AND latest.step = 'hallucinations'
ORDER BY latest.system, cases.case_id, flags.position
"""


@dataclass(frozen=True, slots=True)
class Flagged:
    """One system's transcripts."""

    system: str
    looked_at: int
    """Recordings whose words were judged."""
    recordings: int
    """Of them, with words that readers are told of."""
    kinds: Mapping[str, int]
    """What speaks against words -> how many stretches; only those that readers are told of."""
    examples: Sequence[Mapping[str, Any]]
    """`case_id`, `kind`, `start_s`, `text`, `why` of the first of different recordings."""


def flagged(lab: Lab, facts: DatasetFacts, systems: Sequence[str]) -> list[Flagged]:
    """Of each system whose words were judged, in the order given."""
    given = {"dataset": facts.id, "version": facts.version, "systems": list(systems)}
    rows = query(lab, _FLAGS, given).as_records()
    found = []
    for system in systems:
        own = [row for row in rows if row["system"] == system]
        if not own:
            continue
        told = [row for row in own if row["strength"] == Strength.STRONG]
        first = {row["case_id"]: row for row in reversed(told)}
        kinds = Counter(str(row["kind"]) for row in told)
        examples = [first[case] for case in sorted(first)][:_EXAMPLES]
        found.append(
            Flagged(system, len({row["case_id"] for row in own}), len(first), dict(kinds.most_common()), examples)
        )
    return found
