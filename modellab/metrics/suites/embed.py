"""Vectors of recordings: of each recording whether its like is nearest; of a whole corpus EER and separation.

A recording's label is its one voice, by the name that it has in all of the dataset, or its one class where no voice is
known.
"""

from collections.abc import Mapping, Sequence

from modellab.datasets.reference import Reference
from modellab.metrics.drawn import Floats, drawn_verification
from modellab.metrics.score import Score
from modellab.metrics.vectors import Labelled, Vector, retrieval, retrieval_metrics, similarities, verification

OF_CORPUS: tuple[str, ...] = ("eer", "cosine_separation")
"""Of `METRICS`, those that no recording has a part of."""
METRICS: tuple[str, ...] = ("recall_at_1", "mrr", *OF_CORPUS)


def label_of(reference: Reference) -> str | None:
    """What a recording is of; None where that is not known, or more than one."""
    known = reference.voices or reference.labels or []
    return known[0] if len(known) == 1 else None


def scores(reference: Reference, vector: Vector | None, others: Sequence[tuple[Reference, Vector]]) -> list[Score]:
    """Figures of one recording among others; none where it has no label, or no other has its.

    Args:
        vector: None of a recording in which too little is heard.
    """
    label, known = label_of(reference), _labelled(others)
    if label is None or not any(other.label == label for other in known):
        return []
    if vector is None:
        return [Score(metric, {}, "too little is heard in the recording") for metric in retrieval_metrics()]
    return retrieval(Labelled(label, vector), known)


def corpus_scores(cases: Sequence[tuple[Reference, Vector]]) -> list[Score]:
    """Figures that only a corpus has: every recording with every other. Those without a label do not count."""
    items = _labelled(cases)
    return verification(items) if items else []


def drawn_scores(cases: Sequence[tuple[Reference, Vector]], counts: Floats) -> Mapping[str, Floats]:
    """The figures of `corpus_scores` were each recording there so often: metric -> shape `(draws,)`.

    Args:
        counts: shape `(draws, cases)`; the cases have labels, and they can be judged.
    """
    items = _labelled(cases)
    near = similarities([item.vector for item in items])
    return drawn_verification([item.label for item in items], near, counts)


def _labelled(cases: Sequence[tuple[Reference, Vector]]) -> list[Labelled]:
    return [Labelled(label, vector) for reference, vector in cases if (label := label_of(reference)) is not None]
