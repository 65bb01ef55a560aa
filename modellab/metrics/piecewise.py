"""Figures that are judged of pieces of a recording: their mean, and which pieces had nothing to judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from modellab.media.audio import Samples
from modellab.metrics.libraries import absent
from modellab.metrics.mean import mean_score
from modellab.metrics.score import Metric, Score

COUNTS = ("pieces", "left_out")
"""Components that say how many pieces a mean is of, and how many had nothing to judge."""


class NothingToJudge(Exception):
    """A piece holds nothing that could be judged: it is left out, and counted."""


class NotComputable(Exception):
    """The figure can't be had of this result: the case fails."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is judged of a piece: figures of one or more metrics that `mean_metric` made, with `COUNTS`."""

    metrics: tuple[Metric, ...]
    rate_hz: int
    """Of the samples that `judge` is given."""
    judge: Callable[[Samples, Samples], Sequence[float]]
    """Figures of a piece, in the order of the metrics, from the clean samples and those found, both of one length."""
    packages: tuple[str, ...]
    """Distributions that do the arithmetic."""


@dataclass(slots=True)
class Tally:
    """Figures of one recording's pieces, as they come."""

    measure: Measure
    _sums: list[float] = field(init=False)
    _judged: int = 0
    _left_out: int = 0
    _nothing: str = "there was no piece to judge"
    _error: str | None = field(init=False)

    def __post_init__(self) -> None:
        self._sums = [0.0] * len(self.measure.metrics)
        self._error = absent(*self.measure.packages)

    def add(self, clean: Samples, found: Samples) -> None:
        """Judge one piece. Once the figure is known not to be had, nothing more is done."""
        if self._error is not None:
            return
        try:
            if not np.isfinite(found).all():
                raise NotComputable("it holds samples that are no numbers")
            figures = self.measure.judge(clean, found)
        except NothingToJudge as error:
            self.leave_out(str(error))
        except NotComputable as error:
            self._error = str(error)
        else:
            self._judged += 1
            self._sums = [total + float(figure) for total, figure in zip(self._sums, figures, strict=True)]

    def leave_out(self, why: str) -> None:
        """Count a piece that holds nothing to judge."""
        self._left_out += 1
        self._nothing = why

    def scores(self) -> list[Score]:
        """One score of each metric: the mean over the pieces judged."""
        if error := self._error or (None if self._judged else self._nothing):
            return [Score(metric, {}, error) for metric in self.measure.metrics]
        counts = dict(zip(COUNTS, (self._judged, self._left_out), strict=True))
        return [
            mean_score(metric, total / self._judged, counts)
            for metric, total in zip(self.measure.metrics, self._sums, strict=True)
        ]
