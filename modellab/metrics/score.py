"""One shape for every metric of every surface: named components that add up, and a figure that is a ratio of two sums.

A corpus's figure is that of the sum of its cases' scores, so it can't be an average of rates by mistake. A figure that
is a mean (a loudness, a PESQ) has itself and the number of cases as components. Few figures (BLEU) are no ratio of two
sums: `formulas.py` says how these follow from the sums.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from modellab.metrics.bounds import Bounds, bounds_of
from modellab.metrics.formulas import Formula, formula_of

Direction = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a figure is: what it is called, how it is to be read, and how it follows from its components."""

    name: str
    """As the field calls it, in small letters: `wer`, `der`, `si_sdr`."""
    unit: str
    """Of the figure: ratio, s, dB, ..."""
    better: Direction
    """Which way is better."""
    protocol: str
    """What two figures must share to be comparable: text normaliser, collar, sample rate; may be empty."""
    version: str
    """Of the scorer, with the library that does the arithmetic: another version may give another figure."""
    numerator: Mapping[str, float]
    """Component -> its weight in the sum above the line; empty of a metric with a formula."""
    denominator: Mapping[str, float]
    """Component -> its weight in the sum below the line."""
    others: tuple[str, ...] = ()
    """Components that the figure does not follow from, but that explain it."""

    @property
    def bounds(self) -> Bounds:
        """What its figures can be: `modellab.metrics.bounds` says it of every metric by its name."""
        return bounds_of(self.name, self.unit, self.better)

    @property
    def formula(self) -> Formula | None:
        """How its figure follows from the components; None where it is the ratio of the two sums."""
        return formula_of(self.name)

    @property
    def components(self) -> frozenset[str]:
        """Names of all components."""
        return frozenset({*self.numerator, *self.denominator, *self.others})


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's components for one case, or summed over several."""

    metric: Metric
    components: Mapping[str, float]
    """Component -> count or amount, in the unit that its name ends with; empty where there is an error."""
    error: str | None = None
    """Why the metric can't be had of this result (no speech to judge, say): the case counts as failed."""

    def __post_init__(self) -> None:
        """Refuse components that are not the metric's.

        Raises:
            ValueError: a name too many or too few, a value that is no number, or a negative sum below the line.
        """
        wanted = frozenset() if self.error is not None else self.metric.components
        if wanted != self.components.keys():
            raise ValueError(
                f"a score of {self.metric.name} has the components {', '.join(sorted(wanted)) or 'none'}, "
                f"not {', '.join(sorted(self.components)) or 'none'}"
            )
        if odd := [name for name, amount in self.components.items() if not math.isfinite(amount)]:
            raise ValueError(f"components of {self.metric.name} must be finite: {', '.join(odd)}")
        if self.error is None and self.denominator < 0:
            raise ValueError(f"the sum below the line of {self.metric.name} is negative: {self.denominator:g}")

    def __getitem__(self, component: str) -> float:
        return self.components[component]

    @property
    def numerator(self) -> float:
        """The sum above the line: of an error rate, the errors; of a formula, the figure times what is below."""
        formula = self.metric.formula
        return formula.of(self.components) * self.denominator if formula else self._sum(self.metric.numerator)

    @property
    def denominator(self) -> float:
        """The sum below the line: of an error rate, the reference's length; of a formula, what it is weighed by."""
        return self._sum(self.metric.denominator)

    @property
    def value(self) -> float | None:
        """The figure; None where there is nothing below the line: errors in silence are counted, but have no rate."""
        if self.error is not None or not self.denominator:
            return None
        formula = self.metric.formula
        return formula.of(self.components) if formula else self.numerator / self.denominator

    def __add__(self, other: "Score") -> "Score":
        if not isinstance(other, Score):
            return NotImplemented
        if self.metric != other.metric:
            raise ValueError(f"scores of {_said(self.metric)} and of {_said(other.metric)} do not add up")
        if error := self.error or other.error:
            raise ValueError(f"a case of {self.metric.name} has no score to add: {error}")
        return Score(self.metric, {name: amount + other.components[name] for name, amount in self.components.items()})

    def _sum(self, weights: Mapping[str, float]) -> float:
        return sum(weight * self.components[name] for name, weight in weights.items())


def _said(metric: Metric) -> str:
    protocol = f" ({metric.protocol})" if metric.protocol else ""
    return f"{metric.name} in {metric.unit}{protocol}, version {metric.version}"
