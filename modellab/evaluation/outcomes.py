"""What came of every case of a dataset under each system, as the warehouse has it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modellab.evaluation.corpus import corpus_figures
from modellab.metrics.bounds import Bounds, bounds_of
from modellab.metrics.formulas import WITH_FORMULA
from modellab.metrics.score import Direction
from modellab.settings import Lab
from modellab.statistics.cases import Case, amounts_of, clusters_by_speakers
from modellab.statistics.intervals import Interval
from modellab.warehouse.query import query

_CURRENT = """
WITH newest AS (
    -- What was scored by an earlier version of a scorer is kept, and is another figure.
    SELECT step, metric, protocol, arg_max(scorer_version, scored_at) AS scorer_version
    FROM latest_scores WHERE dataset = $dataset AND dataset_version = $version GROUP BY ALL
)
SELECT
    system, device, step, metric, unit, better, protocol, scorer_version, case_id, input, numerator, denominator,
    CASE WHEN list_contains($with_formula, metric) THEN components END AS components, error,
    machines, fingerprint
FROM case_outcomes SEMI JOIN newest USING (step, metric, protocol, scorer_version)
WHERE dataset = $dataset AND dataset_version = $version AND list_contains($systems, system)
ORDER BY ALL
"""
_CASES = """
SELECT case_id, speakers, tags, reference_sha256 FROM current_cases
WHERE dataset = $dataset AND version = $version ORDER BY case_id
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure as it can be compared: a step's metric under one protocol, by one version of its scorer."""

    step: str
    metric: str
    unit: str
    better: Direction
    protocol: str
    scorer_version: str

    @property
    def bounds(self) -> Bounds:
        """What its figures can be."""
        return bounds_of(self.metric, self.unit, self.better)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a step made of a case."""

    input: str
    """Key of the case's input."""
    fingerprint: str | None
    """Of the result that was judged; None where the step has none."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Every case's outcome, by measure and system."""

    dataset: str
    version: str
    cases: int
    """How many the dataset has."""
    by_measure: Mapping[Measure, Mapping[str, list[Case]]]
    """Measure -> system -> its cases, in order of case. What a system was never put to is not among them."""
    errors: Mapping[tuple[str, str], str]
    """System and case -> why the case has no figure."""
    machines: Mapping[str, list[str]]
    """System -> machines that its results were made on: digests, as in the table `hosts`."""
    results: Mapping[tuple[str, str, str], CaseResult] = field(default_factory=dict)
    """System, step and case -> what was judged."""
    of_corpus: Mapping[Measure, Mapping[str, Interval]] = field(default_factory=dict)
    """Measure -> system -> its figure, of measures that only a whole corpus has (`corpus.py`): no case has a part."""


def outcomes(lab: Lab, dataset: str, version: str, systems: Sequence[str]) -> Outcomes:
    """The outcomes of some systems on a dataset, each by the newest version of its scorer.

    A system that was measured on several kinds of device is one for each: `faster_whisper:base on cuda`.
    """
    given = {"dataset": dataset, "version": version}
    known = query(lab, _CASES, given).as_records()
    clusters = clusters_by_speakers({one["case_id"]: one["speakers"] or [] for one in known})
    tags = {one["case_id"]: {name: str(value) for name, value in (one["tags"] or {}).items()} for one in known}
    rows = query(lab, _CURRENT, {**given, "systems": list(systems), "with_formula": sorted(WITH_FORMULA)}).as_records()
    devices: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        devices[row["system"]].add(row["device"] or "")
    by_measure: defaultdict[Measure, defaultdict[str, list[Case]]] = defaultdict(lambda: defaultdict(list))
    errors: dict[tuple[str, str], str] = {}
    machines: defaultdict[str, set[str]] = defaultdict(set)
    results: dict[tuple[str, str, str], CaseResult] = {}
    for row in rows:
        several = len(devices[row["system"]]) > 1
        system = f"{row['system']} on {row['device'] or 'an unknown device'}" if several else row["system"]
        case_id, error = row["case_id"], row["error"]
        amounts = None
        if error is None:
            amounts = amounts_of(row["metric"], row["numerator"], row["denominator"], row["components"])
        measure = Measure(*(row[name] for name in Measure.__slots__))
        by_measure[measure][system].append(Case(case_id, amounts, clusters.get(case_id), tags.get(case_id, {})))
        machines[system].update(row["machines"] or [])
        results[system, row["step"], case_id] = CaseResult(row["input"], row["fingerprint"])
        if error is not None:
            errors.setdefault((system, case_id), error)
    by_step: defaultdict[tuple[str, str], dict[str, str | None]] = defaultdict(dict)
    for (system, step, case_id), result in results.items():
        by_step[system, step][case_id] = result.fingerprint
    references = {one["case_id"]: one["reference_sha256"] for one in known}
    of_corpus: defaultdict[Measure, dict[str, Interval]] = defaultdict(dict)
    for (system, step), figures in corpus_figures(lab, by_step, references, clusters).items():
        for metric, found in figures:
            measure = Measure(step, metric.name, metric.unit, metric.better, metric.protocol, metric.version)
            of_corpus[measure][system] = found
    return Outcomes(
        dataset,
        version,
        len(known),
        {measure: dict(found) for measure, found in by_measure.items()},
        errors,
        {system: sorted(found) for system, found in machines.items()},
        results,
        dict(of_corpus),
    )
