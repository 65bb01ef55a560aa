"""Classes of recordings: of each recording whether it was told right; of a whole corpus macro F1 and mAP."""

from collections.abc import Mapping, Sequence

from modellab.datasets.reference import Reference
from modellab.metrics.classes import Classified, class_scores, macro_f1, mean_average_precision
from modellab.metrics.drawn import Floats, drawn_macro_f1, drawn_mean_average_precision
from modellab.metrics.score import Score

OF_CORPUS: tuple[str, ...] = ("macro_f1", "map")
"""Of `METRICS`, those that no recording has a part of."""
METRICS: tuple[str, ...] = ("accuracy", "top_5_accuracy", "micro_f1", "label_ranking_precision", *OF_CORPUS)


def scores(reference: Reference, found: Classified) -> list[Score]:
    """Figures of one recording; none where its classes are not known, or it has none."""
    return class_scores(frozenset(reference.labels), found) if reference.labels else []


def corpus_scores(cases: Sequence[tuple[Reference, Classified]]) -> list[Score]:
    """Figures that only a corpus has: macro F1 and mAP. Recordings whose classes are not known do not count."""
    known = _known(cases)
    if not known:
        return []
    return [macro_f1((labels, found.said) for labels, found in known), mean_average_precision(known)]


def drawn_scores(cases: Sequence[tuple[Reference, Classified]], counts: Floats) -> Mapping[str, Floats]:
    """The figures of `corpus_scores` were each recording there so often: metric -> shape `(draws,)`.

    Args:
        counts: shape `(draws, cases)`; the cases' classes are known, and they can be judged.
    """
    known = _known(cases)
    return {"macro_f1": drawn_macro_f1([(labels, found.said) for labels, found in known], counts)} | {
        "map": drawn_mean_average_precision([(labels, found.scores) for labels, found in known], counts)
    }


def _known(cases: Sequence[tuple[Reference, Classified]]) -> list[tuple[frozenset[str], Classified]]:
    return [(frozenset(reference.labels), found) for reference, found in cases if reference.labels is not None]
