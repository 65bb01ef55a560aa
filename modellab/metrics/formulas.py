"""Figures that follow from sums over a corpus and are no ratio of two of them: corpus BLEU and chrF.

A corpus's figure is the formula of the summed counts, and no mean of its recordings' figures. What statistics need
beside it are its slopes: to first order a recording moves the figure by the slopes times its own counts (the
infinitesimal jackknife, Efron 1982), so recordings can be drawn, paired and turned like those of any ratio.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

WORD_ORDERS = range(1, 5)
"""Lengths of the word sequences that BLEU counts (Papineni et al. 2002)."""
CHARACTER_ORDERS = range(1, 7)
"""Lengths of the character sequences that chrF counts (Popović 2015)."""
_BETA_SQUARED = 4.0
"""chrF2: recall counts twice as much as precision."""
_SCALE = 100.0


@dataclass(frozen=True, slots=True)
class Formula:
    """How a figure follows from sums of components, in the order of `parts`."""

    parts: tuple[str, ...]
    of_reference: frozenset[str]
    """Parts that the reference alone decides; the others are 0 of a result that has nothing."""
    weight: str
    """The part by which recordings weigh where a figure is shared out among them: the reference's length."""
    figure: Callable[[Sequence[float]], float]
    slopes: Callable[[Sequence[float]], list[float]]
    """By how much the figure rises with each part."""

    def of(self, components: Mapping[str, float]) -> float:
        """The figure of components by name."""
        return self.figure([components[part] for part in self.parts])

    def of_nothing(self, parts: Sequence[float]) -> tuple[float, ...]:
        """The parts of a result that has nothing, against the same reference."""
        pairs = zip(self.parts, parts, strict=True)
        return tuple(amount if part in self.of_reference else 0.0 for part, amount in pairs)


def _bleu(parts: Sequence[float]) -> float:
    """sacrebleu's BLEU of counts: `length`, `reference_length`, then matched and found sequences of each length."""
    length, reference, matched, found = parts[0], parts[1], parts[2:6], parts[6:10]
    if not any(matched) or not all(found):
        return 0.0
    logs = sum(math.log(precision) for precision in _precisions(matched, found))
    return _brevity(length, reference) * math.exp(logs / len(WORD_ORDERS))


def _bleu_slopes(parts: Sequence[float]) -> list[float]:
    length, reference, matched, found = parts[0], parts[1], parts[2:6], parts[6:10]
    figure = _bleu(parts)
    if not figure:
        return [0.0] * len(parts)
    short = length < reference
    of_lengths = [reference / length**2 if short else 0.0, -1 / length if short else 0.0]
    share = 1 / len(WORD_ORDERS)
    # Where nothing matched the precision is a constant over what was found.
    of_matched = [share / one if one else 0.0 for one in matched]
    return [figure * slope for slope in (*of_lengths, *of_matched, *(-share / one for one in found))]


def _precisions(matched: Sequence[float], found: Sequence[float]) -> list[float]:
    """In percent; each that would be 0 is half of what one match would have given, the next a quarter, and so on."""
    smooth, precisions = 1.0, []
    for right, of in zip(matched, found, strict=True):
        if right:
            precisions.append(_SCALE * right / of)
        else:
            smooth *= 2
            precisions.append(_SCALE / (smooth * of))
    return precisions


def _brevity(length: float, reference: float) -> float:
    return math.exp(1 - reference / length) if length < reference else 1.0


def _chrf(parts: Sequence[float]) -> float:
    """sacrebleu's chrF of counts: found, expected and matched sequences of each length, one length after the other."""
    precision, recall, _ = _precision_and_recall(parts)
    if not precision + recall:
        return 0.0
    return _SCALE * ((1 + _BETA_SQUARED) * precision * recall / (_BETA_SQUARED * precision + recall))


def _chrf_slopes(parts: Sequence[float]) -> list[float]:
    precision, recall, orders = _precision_and_recall(parts)
    if not precision + recall:
        return [0.0] * len(parts)
    common = _SCALE * (1 + _BETA_SQUARED) / (_BETA_SQUARED * precision + recall) ** 2 / orders
    by_precision, by_recall = common * recall**2, common * _BETA_SQUARED * precision**2
    slopes = []
    for found, expected, matched in _orders(parts):
        if found and expected:
            slopes += [-by_precision * matched / found**2, -by_recall * matched / expected**2]
            slopes.append(by_precision / found + by_recall / expected)
        else:
            slopes += [0.0, 0.0, 0.0]
    return slopes


def _precision_and_recall(parts: Sequence[float]) -> tuple[float, float, int]:
    """Means over the lengths of which both sides have sequences, and how many lengths these are."""
    known = [one for one in _orders(parts) if one[0] > 0 and one[1] > 0]
    if not known:
        return 0.0, 0.0, 0
    precision = sum(matched / found for found, _, matched in known) / len(known)
    recall = sum(matched / expected for _, expected, matched in known) / len(known)
    return precision, recall, len(known)


def _orders(parts: Sequence[float]) -> list[tuple[float, float, float]]:
    return [(parts[place], parts[place + 1], parts[place + 2]) for place in range(0, len(parts), 3)]


BLEU = Formula(
    ("length", "reference_length", *(f"matched_{n}" for n in WORD_ORDERS), *(f"found_{n}" for n in WORD_ORDERS)),
    frozenset({"reference_length"}),
    "reference_length",
    _bleu,
    _bleu_slopes,
)
CHRF = Formula(
    tuple(f"{kind}_{n}" for n in CHARACTER_ORDERS for kind in ("found", "expected", "matched")),
    frozenset(f"expected_{n}" for n in CHARACTER_ORDERS),
    "expected_1",
    _chrf,
    _chrf_slopes,
)
_OF_METRICS = {"bleu": BLEU, "chrf": CHRF}
WITH_FORMULA = frozenset(_OF_METRICS)
"""Names of the metrics that have one."""


def formula_of(metric: str) -> Formula | None:
    """The formula of a metric by its name; None of all whose figures are ratios of two sums."""
    return _OF_METRICS.get(metric)
