"""Figures that only a whole corpus has (macro F1, mAP, equal error rate), which no recording's scores add up to.

They are worked out where systems are put beside each other, from the stored results; intervals come from draws of
recordings, or of speakers where these are known, each draw a corpus of its own (Efron & Tibshirani 1993, chapter 13:
percentiles). Systems are not compared by them: what a case adds is not known.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.datasets.reference import Reference
from modellab.datasets.references import References
from modellab.metrics.classes import Classified
from modellab.metrics.score import Metric, Score
from modellab.metrics.suites import classify, embed
from modellab.settings import Lab
from modellab.statistics.drawing import resamples, told
from modellab.statistics.few import LEVEL
from modellab.statistics.intervals import FEW, Interval
from modellab.steps import classify as classify_step
from modellab.steps import embed as embed_step
from modellab.steps.scored_vectors import vector_of
from modellab.surfaces.sounds import Classification, SoundVectors

T = TypeVar("T")
Floats = npt.NDArray[np.float64]
DRAWS = 1_000
_MOST_PAIRS = 100_000_000
"""Pairs of recordings that are looked at in all draws together: of many recordings there are fewer draws."""
_FEWEST_DRAWS = 200


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """How the results of a step are judged as a corpus."""

    read: Callable[[Artifact], T | None]
    """What is judged of a result; None where there is nothing to judge."""
    is_known: Callable[[Reference], bool]
    scores: Callable[[Sequence[tuple[Reference, T]]], list[Score]]
    drawn: Callable[[Sequence[tuple[Reference, T]], Floats], Mapping[str, Floats]]


_KINDS: Mapping[str, _Kind[Any]] = {
    classify_step.STEP.name: _Kind(
        lambda artifact: Classified(artifact.read(Classification).scores),
        lambda known: known.labels is not None,
        classify.corpus_scores,
        classify.drawn_scores,
    ),
    embed_step.STEP.name: _Kind(
        lambda artifact: vector_of(artifact.read(SoundVectors)),
        lambda known: embed.label_of(known) is not None,
        embed.corpus_scores,
        embed.drawn_scores,
    ),
}
"""By the step."""
STEPS = tuple(_KINDS)
"""Whose results such figures are worked out of."""


def corpus_figures(
    lab: Lab,
    results: Mapping[tuple[str, str], Mapping[str, str | None]],
    references: Mapping[str, str | None],
    clusters: Mapping[str, str | None],
    seed: int = 0,
) -> Mapping[tuple[str, str], list[tuple[Metric, Interval]]]:
    """System and step -> figures over all recordings of a corpus; only of steps whose results have such figures.

    Args:
        results: system and step -> case -> fingerprint of the result; None where the step has none.
        references: case -> SHA-256 of its reference.
        clusters: case -> what is drawn together.
        seed: of the draws.

    Raises:
        ArtifactCorrupt: a result or a reference can't be read.
    """
    store, read = ArtifactStore(lab.artifacts), cache(References(lab.references).read)
    found: dict[tuple[str, str], list[tuple[Metric, Interval]]] = {}
    for (system, step), cases in results.items():
        kind = _KINDS.get(step)
        if kind is not None:
            corpus = _Corpus(kind)
            for case in sorted(cases):
                reference = read(sha256) if (sha256 := references.get(case)) else None
                if reference is not None and kind.is_known(reference):
                    fingerprint = cases[case]
                    artifact = store.find(step, fingerprint) if fingerprint else None
                    corpus.add(reference, artifact, clusters.get(case) or f"case {case}")
            found[system, step] = corpus.figures(seed)
    return found


@dataclass(slots=True)
class _Corpus(Generic[T]):
    """What one step of one system made of a corpus."""

    kind: _Kind[T]
    judged: list[tuple[Reference, T]] = field(default_factory=list)
    drawn_with: list[str] = field(default_factory=list)
    """Of each that is judged, what is drawn together with it."""
    failed: int = 0

    def add(self, reference: Reference, artifact: Artifact | None, cluster: str) -> None:
        result = None if artifact is None else self.kind.read(artifact)
        if result is None:
            self.failed += 1
        else:
            self.judged.append((reference, result))
            self.drawn_with.append(cluster)

    def figures(self, seed: int) -> list[tuple[Metric, Interval]]:
        scores = self.kind.scores(self.judged)
        units = sorted(set(self.drawn_with))
        enough = len(units) >= FEW and any(score.error is None for score in scores)
        drawn = self.kind.drawn(self.judged, self._counts(units, seed)) if enough else {}
        return [(one.metric, self._interval(one, drawn.get(one.metric.name), len(units))) for one in scores]

    def _counts(self, units: list[str], seed: int) -> Floats:
        """How often each recording is there, in each draw of units."""
        pairs = len(self.judged) * (len(self.judged) - 1) // 2
        draws = max(_FEWEST_DRAWS, min(DRAWS, _MOST_PAIRS // max(1, pairs)))
        place = {unit: number for number, unit in enumerate(units)}
        counts = np.concatenate(list(resamples(len(units), draws, seed)))
        return counts[:, [place[one] for one in self.drawn_with]]

    def _interval(self, score: Score, drawn: Floats | None, units: int) -> Interval:
        low, high, method = _limits(score, drawn, units)
        has_figure = score.error is None
        return Interval(
            None if score.value is None else told(score.value),
            low,
            high,
            len(self.judged) + self.failed,
            units,
            self.failed,
            told(score.numerator) if has_figure else 0.0,
            told(score.denominator) if has_figure else 0.0,
            method,
        )


def _limits(score: Score, figures: Floats | None, units: int) -> tuple[float | None, float | None, str]:
    if score.error is not None:
        return None, None, f"not computed: {score.error}"
    if figures is None:
        return None, None, f"no interval: of fewer than {FEW} speakers or recordings draws say nothing"
    known = figures[~np.isnan(figures)]
    best = 0.0 if score.metric.better == "lower" else 1.0
    if score.metric.unit == "ratio" and score.value == best and bool((known == best).all()):
        # None of n is wrong: at 95 % at most 1 - 0.05^(1/n) of all are (Hanley & Lippman-Hand 1983).
        most = -math.expm1(math.log(1 - LEVEL) / units)
        return (0.0, told(most), "rule of three") if best == 0.0 else (told(1 - most), 1.0, "rule of three")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return told(float(low)), told(float(high)), f"percentile bootstrap, {len(known):,} draws"
