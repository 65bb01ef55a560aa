"""What a scorer says about results, as it is kept beside them and as rows of the warehouse."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from modellab.artifacts.store import Artifact
from modellab.datasets.reference import CaseId
from modellab.metrics.score import Score


@dataclass(frozen=True, slots=True)
class ScoredResult:
    """The scores of one result against one case. It names no system, model or device: who made the result says so."""

    fingerprint: str
    """Of the result that was scored."""
    content_sha256: str
    """Of its files: when it is made anew with other content, these scores are not its own any more."""
    case: CaseId | None
    """The reference it was held against; None for metrics that need none, on a recording of no dataset."""
    scores: list[Score]

    @classmethod
    def of(cls, result: Artifact, case: CaseId | None, scores: list[Score]) -> "ScoredResult":
        """The scores of a result as it is now."""
        return cls(result.fingerprint, result.content_sha256, case, scores)

    def rows(self, scored_at: str) -> Iterator[Mapping[str, Any]]:
        """A row of `scores` for each score.

        Args:
            scored_at: when they were worked out, ISO 8601, UTC.
        """
        for score in self.scores:
            metric, failed = score.metric, score.error is not None
            yield {
                "fingerprint": self.fingerprint,
                "content_sha256": self.content_sha256,
                "dataset": self.case.dataset if self.case else None,
                "dataset_version": self.case.version if self.case else None,
                "case_id": self.case.case_id if self.case else None,
                "metric": metric.name,
                "unit": metric.unit,
                "better": metric.better,
                "protocol": metric.protocol,
                "scorer_version": metric.version,
                "value": score.value,
                "numerator": None if failed else score.numerator,
                "denominator": None if failed else score.denominator,
                "components": dict(score.components),
                "error": score.error,
                "scored_at": scored_at,
            }


@dataclass(frozen=True, slots=True)
class Scores:
    """All that one scorer says: a result for each case that the recording is in, and each result that it judges."""

    FILE: ClassVar[str] = "scores.json"

    results: list[ScoredResult]
