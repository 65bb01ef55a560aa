"""Which results must keep their files, whoever made them: decisions rest on them, or figures that are worked out of the
files themselves each time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
_OF_RUNS = """
SELECT DISTINCT fingerprint FROM steps WHERE fingerprint IS NOT NULL AND (
    list_contains($said, run) OR list_contains($said, dagster_run_id)
    OR list_contains($said, run || '/' || dagster_run_id)
)
"""
_PROMISES = "SELECT evidence FROM lifecycle_events WHERE event = 'promoted' AND evidence IS NOT NULL"
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
    baselines = [name for (name,) in query(lab, _BASELINES).rows if name]
    found: dict[str, str] = {}
    for why, names in ((_PROMOTION, _promised(lab, reads)), (_BASELINE, baselines)):
        for name in _beneath(reads, [*names, *(source for one in names for source in scorers[one])]):
            found.setdefault(name, why)
    for (name,) in query(lab, _OF_CORPUS, [list(OF_CORPUS)]).rows:
        found.setdefault(name, _CORPUS)
    return found


def _promised(lab: Lab, reads: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Results that the evidence of promotions names, by themselves or by the runs that used them."""
    said = {text for row in query(lab, _PROMISES).as_records() for text in _texts(row["evidence"])}
    of_runs = query(lab, _OF_RUNS, {"said": sorted(said)}).rows if said else []
    return [*(said & set(reads)), *(name for (name,) in of_runs)]


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


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
