"""Figures of a whole corpus for many draws of its recordings at once: what their intervals rest on.

Each is the figure of `classes.py` or `vectors.py` with every recording counted as often as it was drawn. NaN where a
draw has none: no class, or no two recordings of one label.
"""

from collections.abc import Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MOST_NUMBERS = 4_000_000
"""Pairs times draws that are held at once."""


def drawn_macro_f1(cases: Sequence[tuple[Set[str], Set[str]]], counts: Floats) -> Floats:
    """Macro F1 for each draw, shape `(draws,)`.

    Args:
        cases: labels of a recording, and the classes said of it.
        counts: how often each recording is there, shape `(draws, cases)`.
    """
    names = sorted({name for labels, said in cases for name in labels | said})
    true = np.array([[name in labels for name in names] for labels, _ in cases], dtype=np.float64)
    said = np.array([[name in found for name in names] for _, found in cases], dtype=np.float64)
    right, below = counts @ (true * said), counts @ (true + said)
    with np.errstate(invalid="ignore"):
        return _mean_of_known(2 * right / below)


def drawn_mean_average_precision(cases: Sequence[tuple[Set[str], Mapping[str, float]]], counts: Floats) -> Floats:
    """mAP for each draw, shape `(draws,)`.

    Args:
        cases: labels of a recording, and the score of every class.
        counts: as in `drawn_macro_f1`.
    """
    names = sorted({name for labels, _ in cases for name in labels if all(name in scores for _, scores in cases)})
    each = [
        _average_precision(
            np.array([name in labels for labels, _ in cases]), np.array([scores[name] for _, scores in cases]), counts
        )
        for name in names
    ]
    return _mean_of_known(np.stack(each, axis=1)) if each else np.full(len(counts), np.nan)


def drawn_verification(labels: Sequence[str], near: Floats, counts: Floats) -> Mapping[str, Floats]:
    """`eer` and `cosine_separation` for each draw, shape `(draws,)`; a recording is never held against itself.

    Args:
        labels: of each recording.
        near: cosine of each with each, shape `(cases, cases)`.
        counts: as in `drawn_macro_f1`.
    """
    rows, columns = np.triu_indices(len(labels), k=1)
    names = np.array(labels)
    same, similar = names[rows] == names[columns], near[rows, columns]
    order = np.argsort(-similar, kind="stable")
    rows, columns, same, similar = rows[order], columns[order], same[order], similar[order]
    ends = _ends_of_equals(similar)
    figures: dict[str, list[Floats]] = {"eer": [], "cosine_separation": []}
    block = max(1, _MOST_NUMBERS // max(1, len(rows)))
    for start in range(0, len(counts), block):
        drawn = counts[start : start + block]
        weights = drawn[:, rows] * drawn[:, columns]
        ours, others = weights * same, weights * ~same
        with np.errstate(invalid="ignore"):
            apart = (ours @ similar) / ours.sum(axis=1) - (others @ similar) / others.sum(axis=1)
            figures["eer"].append(_equal_error_rates(ours, others, ends))
        figures["cosine_separation"].append(apart)
    return {name: np.concatenate(parts) for name, parts in figures.items()}


def _equal_error_rates(same: Floats, different: Floats, ends: "npt.NDArray[np.int64]") -> Floats:
    """Where false acceptances and false rejections cross, on the lines between thresholds, for each row of weights.

    Args:
        same: weights of pairs of one label, the most alike first, 0 elsewhere; `different` the same of the others.
        ends: places after which the next pair is less alike.
    """
    accepted = _rates(different, ends)
    ahead = accepted - (1 - _rates(same, ends))
    after = np.argmax(ahead >= 0, axis=1)
    row = np.arange(len(same))
    # The first threshold accepts nothing, so that there is always one before.
    before = np.maximum(after - 1, 0)
    gap = ahead[row, after] - ahead[row, before]
    part = np.where(gap > 0, -ahead[row, before] / np.where(gap > 0, gap, 1.0), 0.0)
    found: Floats = accepted[row, before] + part * (accepted[row, after] - accepted[row, before])
    found[np.isnan(ahead).any(axis=1)] = np.nan
    return found


def _rates(weights: Floats, ends: "npt.NDArray[np.int64]") -> Floats:
    """Share of the weight up to each threshold, with a first one that has none."""
    summed = np.cumsum(weights, axis=1)
    reached = np.concatenate([np.zeros((len(weights), 1)), summed[:, ends]], axis=1)
    found: Floats = reached / summed[:, -1:]
    return found


def _average_precision(true: "npt.NDArray[np.bool_]", scores: Floats, counts: Floats) -> Floats:
    """Average precision for each draw: precision at each threshold, weighed by how much recall it adds."""
    order = np.argsort(-scores, kind="stable")
    ends = _ends_of_equals(scores[order])
    weights = counts[:, order]
    hits = np.cumsum(weights * true[order], axis=1)[:, ends]
    taken = np.cumsum(weights, axis=1)[:, ends]
    gained = np.diff(hits, axis=1, prepend=0.0)
    with np.errstate(invalid="ignore"):
        precision = np.where(taken > 0, hits / np.where(taken > 0, taken, 1.0), 0.0)
        found: Floats = (gained * precision).sum(axis=1) / hits[:, -1]
    return found


def _ends_of_equals(falling: Floats) -> "npt.NDArray[np.int64]":
    """Places of numbers in falling order that the next one is not equal to."""
    return np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1).astype(np.int64)


def _mean_of_known(figures: Floats) -> Floats:
    """Mean over the columns that are no NaN, of each row; NaN where all are."""
    known = ~np.isnan(figures)
    with np.errstate(invalid="ignore"):
        found: Floats = np.where(known, figures, 0.0).sum(axis=1) / known.sum(axis=1)
    return found
