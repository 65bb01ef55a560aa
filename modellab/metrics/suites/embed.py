"""Vectors of recordings: of each recording whether its like is nearest; of a whole corpus EER and separation.

A recording's label is its one speaker, or its one class where no speaker is known.
"""

from collections.abc import Sequence

from modellab.datasets.reference import Reference
from modellab.metrics.score import Score
from modellab.metrics.vectors import Labelled, Vector, retrieval, verification

METRICS: tuple[str, ...] = ("recall_at_1", "mrr", "eer", "cosine_separation")


def label_of(reference: Reference) -> str | None:
    """What a recording is of; None where that is not known, or more than one."""
    known = reference.speakers or reference.labels or []
    return known[0] if len(known) == 1 else None


def scores(reference: Reference, vector: Vector, others: Sequence[tuple[Reference, Vector]]) -> list[Score]:
    """Figures of one recording among others; none where it has no label, or no other has its."""
    label = label_of(reference)
    return [] if label is None else retrieval(Labelled(label, vector), _labelled(others))


def corpus_scores(cases: Sequence[tuple[Reference, Vector]]) -> list[Score]:
    """Figures that only a corpus has: every recording with every other. Those without a label do not count."""
    items = _labelled(cases)
    return verification(items) if items else []


def _labelled(cases: Sequence[tuple[Reference, Vector]]) -> list[Labelled]:
    return [Labelled(label, vector) for reference, vector in cases if (label := label_of(reference)) is not None]
