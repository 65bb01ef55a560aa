"""What the figures say, as statements that are computed; each with the statement of SQL that gives what it rests on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from modellab.evaluation.claims import Claim, judged
from modellab.evaluation.comparison import Verdict, verdicts
from modellab.evaluation.documents import comparison_document, figure_document
from modellab.evaluation.measured import Measured, measured
from modellab.evaluation.outcomes import Outcomes, outcomes
from modellab.evaluation.sql_text import claim_beside, flags_of, key_in, literal, outcomes_of
from modellab.evaluation.standing import Figure, Standing, standing
from modellab.evaluation.wording import comparison_sentence, figure_text
from modellab.settings import Lab
from modellab.statistics.comparing import Versus, adjusted
from modellab.statistics.slices import LEAST_CASES
from modellab.units import plural
from modellab.warehouse.query import query

FindingKind = Literal["comparison", "slice", "failures", "invented words", "claim"]

_MODELS = """
SELECT DISTINCT system, step, metric, model FROM case_outcomes
WHERE dataset = ? AND dataset_version = ? AND model IS NOT NULL ORDER BY ALL
"""
_CLAIMS = """
SELECT DISTINCT model_id, variant, metric, dataset, protocol, value, unit, stated_in FROM current_claims ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement."""

    kind: FindingKind
    dataset: str
    statement: str
    figures: Mapping[str, Any]
    """All numbers of the statement, and what else was computed."""
    query: str
    """What it rests on: a statement for `modellab sql`."""


def findings(lab: Lab, dataset: str | None = None) -> list[Finding]:
    """What is found on every dataset on which anything was measured, or on one.

    Raises:
        UnknownName: nothing was measured on the dataset.
    """
    claims = [Claim(**row) for row in query(lab, _CLAIMS).as_records()]
    found: list[Finding] = []
    for one in measured(lab, dataset):
        known = outcomes(lab, one.dataset, one.version, one.systems)
        stands = standing(known, one.systems)
        models = judged_models(lab, one)
        found += compared(one, known, stands)
        found += failed(one, known, stands)
        found += _invented(lab, one)
        found += claimed(one, stands, claims, models)
    return found


def judged_models(lab: Lab, one: Measured) -> dict[tuple[str, str, str], list[str]]:
    """System, step and metric -> the models whose results were judged on a dataset."""
    models: dict[tuple[str, str, str], list[str]] = {}
    for system, step, metric, model in query(lab, _MODELS, [one.dataset, one.version]).rows:
        models.setdefault((system, step, metric), []).append(model)
    return models


def compared(one: Measured, known: Outcomes, stands: Standing) -> Iterator[Finding]:
    """Every pair of systems by every main metric, then the slices on which one of them is ahead.

    Holm's correction is over all that is looked at: over all pairs and metrics of the dataset, and over all their
    slices of at least three cases.
    """
    listed = verdicts(known, stands)
    whole = adjusted([each.versus.comparison for each in listed])
    for each, comparison in zip(listed, whole, strict=True):
        if comparison.difference is None:
            continue  # by this metric there is nothing to compare: word errors where nobody speaks
        yield _comparison(one, each, replace(each.versus, comparison=comparison))
    sliced = [(each, part) for each in listed for part in each.slices if part.comparison.n >= LEAST_CASES]
    corrected = adjusted([part.comparison for _, part in sliced])
    for (each, part), comparison in zip(sliced, corrected, strict=True):
        if comparison.verdict != "not separable":
            yield _comparison(one, each, replace(each.versus, comparison=comparison), (part.tag, part.value))


def _comparison(one: Measured, verdict: Verdict, versus: Versus, slice_of: tuple[str, str] | None = None) -> Finding:
    measure = verdict.measure
    on = f"{one.dataset}, {' '.join(slice_of)}," if slice_of else one.dataset
    place = dict(zip(("tag", "value"), slice_of, strict=True)) if slice_of else {}
    return Finding(
        "slice" if slice_of else "comparison",
        one.dataset,
        comparison_sentence(versus, measure, on),
        {"metric": measure.metric, "protocol": measure.protocol, **place, **comparison_document(versus)},
        outcomes_of(one.dataset, one.version, measure, [versus.a, versus.b], known=one.systems, slice_of=slice_of),
    )


def failed(one: Measured, known: Outcomes, stands: Standing) -> Iterator[Finding]:
    """Systems without a figure of some cases."""
    for system in stands.systems:
        if not system.failed:
            continue
        why = {case: known.errors.get((system.system, case), "no figure of a main metric") for case in system.failed}
        cases = ", ".join(literal(case) for case in system.failed)
        first = next(iter(why.values()))
        yield Finding(
            "failures",
            one.dataset,
            f"{system.system} has no figure of {len(system.failed)} of {plural(system.cases, 'case')} of {one.dataset}:"
            f" {first}",
            {"system": system.system, "failed": len(system.failed), "cases": system.cases, "errors": why},
            "SELECT case_id, system, device, step, metric, error FROM case_outcomes"
            f" WHERE dataset = {literal(one.dataset)} AND dataset_version = {literal(one.version)}"
            f" AND system = {literal(key_in(system.system, one.systems))} AND case_id IN ({cases}) ORDER BY ALL",
        )


def _invented(lab: Lab, one: Measured) -> Iterator[Finding]:
    """Words of the dataset's transcripts that were probably never said."""
    for system in one.systems:
        statement = flags_of(one.dataset, one.version, system)
        rows = query(lab, statement).as_records()
        if rows:
            yield invented(one, system, rows, statement)


def invented(one: Measured, system: str, flags: Sequence[Mapping[str, Any]], statement: str) -> Finding:
    """What was flagged of one system, from the rows that its statement gives."""
    recordings = len({row["input"] for row in flags})
    kinds = {kind: sum(row["kind"] == kind for row in flags) for kind in sorted({row["kind"] for row in flags})}
    told = ", ".join(f"{kind} {times}" for kind, times in kinds.items())
    return Finding(
        "invented words",
        one.dataset,
        f"{system} wrote words that were probably never said in {plural(recordings, 'recording')} of {one.dataset}:"
        f" {plural(len(flags), 'flag')} ({told})",
        {"system": system, "recordings": recordings, "flags": len(flags), "kinds": kinds},
        statement,
    )


def claimed(
    one: Measured,
    stands: Standing,
    claims: Sequence[Claim],
    models: Mapping[tuple[str, str, str], Iterable[str]],
) -> Iterator[Finding]:
    """Every claim about a measured model by a metric that was measured, beside the figure.

    Args:
        models: system, step and metric -> the models whose results were judged.
    """
    for system in stands.systems:
        key = key_in(system.system, one.systems)
        for figure in system.figures:
            measure = figure.measure
            if figure.interval.value is None:
                continue  # what nobody said can't be misheard: there is nothing to hold a claim against
            for model in models.get((key, measure.step, measure.metric), ()):
                about = (claim for claim in claims if claim.metric == measure.metric and claim.is_about(model))
                yield from (_claim(one, system.system, model, claim, figure) for claim in about)


def _claim(one: Measured, system: str, model: str, claim: Claim, figure: Figure) -> Finding:
    found = judged(claim, one.dataset, figure)
    stated = f"{claim.metric} {claim.value:g} {claim.unit} on {claim.dataset}"
    beside = f"{figure_text(figure)} ({plural(figure.interval.n, 'recording')})"
    sentences = {
        "contradicted": f"The claim of {model}, {stated}, is contradicted: {beside} measured with {system}",
        "not contradicted": f"The claim of {model}, {stated}, is not contradicted: {beside} measured with {system}",
        "not comparable": f"The claim of {model}, {stated}, can't be held against {beside} on {one.dataset}",
    }
    return Finding(
        "claim",
        one.dataset,
        f"{sentences[found.verdict]}: {found.reason}",
        {
            "verdict": found.verdict,
            "reason": found.reason,
            "system": system,
            "model": model,
            "claim": asdict(claim),
            "claimed": found.value,
            "measured": figure_document(figure),
        },
        claim_beside(one.dataset, one.version, figure.measure, key_in(system, one.systems), claim),
    )
