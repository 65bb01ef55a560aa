"""How results are held against references: a scorer is a step that every system has which gives what it judges.

A scorer belongs to no pipeline and to no system's key. It runs where a dataset that was enrolled knows something of the
recording, and its result is named by what it judges, what is known and its own version: so a changed reference or a new
scorer scores again, and no model runs for it.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from modellab.artifacts.store import Artifact
from modellab.datasets.reference import CaseId, Reference, ReferenceSound
from modellab.datasets.references import KnownCase, References
from modellab.documents import Kept, save
from modellab.files import canonical_json
from modellab.metrics.score import Score
from modellab.metrics.scored import ScoredResult, Scores
from modellab.steps.definition import Outside, OutsideRead, Read, Row, StepContext, StepDefinition, StepParameters

K = TypeVar("K", bound=Kept)

REFERENCES = "references"
"""Role of what is known of the recording."""
_CASES = TypeAdapter(list[tuple[str, str, str, str]])


@dataclass(frozen=True, slots=True)
class Judged:
    """One recording's results beside one case's reference, as a suite is given them."""

    case: CaseId
    reference: Reference
    reads: Mapping[str, Artifact]
    """Role -> result; optional roles without one are missing."""
    _references: References
    outside: Mapping[str, str] = field(default_factory=dict)
    """Role -> value of what else the scorer reads from outside the pipeline."""
    stored: Callable[[str, str], Artifact | None] = lambda step, fingerprint: None
    """A result of another recording, by its step and fingerprint."""

    @property
    def references(self) -> References:
        """Where what is known of other recordings lies."""
        return self._references

    def read(self, role: str, kind: type[K]) -> K | None:
        """A result that is judged; None where its role has none."""
        artifact = self.reads.get(role)
        return artifact.read(kind) if artifact else None

    def sound(self, sound: ReferenceSound) -> Path:
        """A sound file that the reference names."""
        return self._references.sound(sound)


Suite = Callable[[Judged], Mapping[str, list[Score]]]
"""Scores of each result by its role; a role it says nothing about may be missing. Raises for no result, however bad."""


def scorer(
    name: str,
    description: str,
    suite: Suite,
    *,
    code_version: str,
    reads: tuple[Read, ...],
    parts: Set[str],
    packages: tuple[str, ...] = (),
    judges: tuple[str, ...] = (),
    outside: tuple[OutsideRead, ...] = (),
) -> StepDefinition:
    """A step that scores what other steps gave.

    Args:
        reads: what it judges. A system has the scorer when it gives each required one, and one at least of `judges`.
        parts: fields of `Reference` of which one at least must be known for there to be something to score.
        packages: distributions that do the arithmetic.
        judges: roles that are judged, where others are read only to judge by; left out: all.
        outside: what else its scores depend on.
    """

    def known(outside: Outside) -> str | None:
        cases = References(outside.lab.references).of(outside.input.sha256)
        listed = [_listed(case) for case in cases if not parts.isdisjoint(case.parts)]
        return canonical_json(listed) if listed else None

    def run(context: StepContext) -> Mapping[str, Any]:
        references = References(context.references)
        results = [one for case in _cases(context) for one in _scored(case, suite, context, references)]
        save(Scores(results), context.output)
        return _summary(results)

    return StepDefinition(
        name=name,
        description=description,
        code_version=code_version,
        reads=reads,
        judges=judges,
        parameters=StepParameters,
        run=run,
        packages=packages,
        outside=(OutsideRead(REFERENCES, "what datasets know of the recording", known, required=True), *outside),
        tables=tables,
    )


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `scores` for each score."""
    scored_at = artifact.manifest["made"]["at"]
    return {"scores": [row for result in artifact.read(Scores).results for row in result.rows(scored_at)]}


def _listed(known: KnownCase) -> tuple[str, str, str, str]:
    return known.case.dataset, known.case.version, known.case.case_id, known.reference


def _cases(context: StepContext) -> list[tuple[CaseId, str]]:
    listed = _CASES.validate_json(context.outside[REFERENCES])
    return [(CaseId(dataset, version, case), reference) for dataset, version, case, reference in listed]


def _scored(
    case: tuple[CaseId, str], suite: Suite, context: StepContext, references: References
) -> Iterable[ScoredResult]:
    case_id, sha256 = case
    judged = Judged(case_id, references.read(sha256), context.reads, references, context.outside, context.stored)
    for role, scores in suite(judged).items():
        yield ScoredResult.of(context.reads[role], case_id, scores)


def _summary(results: list[ScoredResult]) -> Mapping[str, Any]:
    scores = [score for result in results for score in result.scores]
    cases = {result.case for result in results}
    figures = {score.metric.name: round(score.value, 6) for score in scores if score.value is not None}
    return {
        "cases": len(cases),
        "scores": len(scores),
        "not_computed": {score.metric.name: score.error for score in scores if score.error is not None},
        # Of several cases the rows say which figure is whose.
        "figures": figures if len(cases) == 1 else {},
    }
