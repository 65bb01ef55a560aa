"""Which results must keep their files, whoever made them: decisions rest on them, or figures that are worked out of the
files themselves each time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from modellab.evaluation.corpus import STEPS as OF_CORPUS
from modellab.settings import Lab
from modellab.warehouse.query import query

_BASELINES = "SELECT fingerprint FROM baseline_figures SEMI JOIN current_baselines USING (baseline)"
_SCORERS = "SELECT DISTINCT fingerprint, source FROM scores"
_OF_CORPUS = """
SELECT DISTINCT fingerprint FROM scores JOIN artifacts USING (fingerprint)
WHERE dataset IS NOT NULL AND list_contains(?, step)
"""
_PROMISED = """
SELECT DISTINCT unnest((evidence -> 'fingerprints') :: VARCHAR[]) FROM lifecycle_events
WHERE event = 'promoted' AND json_type(evidence, '$.fingerprints') = 'ARRAY'
"""
_BASELINE, _PROMOTION = "a baseline rests on it", "a promotion rests on it"
_CORPUS = "figures of whole datasets are worked out of it"


def rested_on(lab: Lab, reads: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Result -> what rests on it: a promotion, a baseline that counts, figures of whole datasets.

    With a result that a decision rests on go its scores, and all that it was made of.

    Args:
        reads: result -> what it read, by role, of all that there are.
    """
    scorers: defaultdict[str, list[str]] = defaultdict(list)
    for judged, source in query(lab, _SCORERS).rows:
        scorers[judged].append(source)
    baselines, promised = ([name for (name,) in query(lab, sql).rows if name] for sql in (_BASELINES, _PROMISED))
    found: dict[str, str] = {}
    for why, names in ((_PROMOTION, promised), (_BASELINE, baselines)):
        for name in _beneath(reads, [*names, *(source for one in names for source in scorers[one])]):
            found.setdefault(name, why)
    for (name,) in query(lab, _OF_CORPUS, [list(OF_CORPUS)]).rows:
        found.setdefault(name, _CORPUS)
    return found


def _beneath(reads: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> set[str]:
    """Results, and all that they rest on."""
    found: set[str] = set()
    ahead = [name for name in names if name in reads]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += [read for read in reads[name].values() if isinstance(read, str) and read in reads]
    return found
