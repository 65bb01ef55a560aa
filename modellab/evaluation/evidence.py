"""What was measured of the systems that a use case is about, from the warehouse: figures and speed by case, memory.

A contestant is a system with the devices its results were made on. Only the current version of a dataset is evidence.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modellab.datasets.catalogue import Catalogue
from modellab.evaluation.outcomes import Measure, Outcomes, outcomes
from modellab.evaluation.use_cases import SPEED, Criterion, UseCase
from modellab.settings import Lab
from modellab.statistics.cases import Amounts, Case, clusters_by_speakers
from modellab.steps.catalogue import STEPS
from modellab.warehouse.query import query

REAL_TIME_FACTOR = Measure("all", SPEED, "seconds of inference per second", "lower", "all steps' inference", "1")
"""Speed as it is compared: seconds of inference above, seconds of sound below the line."""

_DEVICES = """
SELECT DISTINCT system, device FROM case_outcomes WHERE dataset = $dataset AND dataset_version = $version ORDER BY ALL
"""
_MEASURING = ", ".join(f"('{made.name}', '{measuring}')" for made in STEPS for measuring in made.measured_by)
"""Steps, each with one that only measures what it gives."""
SPEED_BY_CASE = f"""
WITH
    known AS (SELECT case_id, input FROM current_cases WHERE dataset = $dataset AND version = $version),
    wanted AS (
        SELECT known.case_id, steps.system, steps.step, steps.fingerprint
        FROM counted_steps AS steps JOIN known USING (input)
        WHERE steps.status = 'completed' AND (steps.model IS NOT NULL OR len(steps.helpers) > 0)
            AND (steps.device IS NULL OR list_contains($devices, steps.device))
            -- A recogniser that hears a voice is no part of how fast the voice is.
            AND NOT EXISTS (
                FROM counted_steps AS made
                WHERE made.input = steps.input AND made.system = steps.system
                    AND (made.step, steps.step) IN ({_MEASURING})
            )
        QUALIFY row_number() OVER (
            PARTITION BY known.case_id, steps.system, steps.step
            ORDER BY coalesce(steps.sequence, 0) DESC, steps.ended_at DESC
        ) = 1
    ),
    -- Work that two systems share is done once: its speed is that of whoever did it last on that machine.
    done AS (
        SELECT wanted.case_id, wanted.system, wanted.step, steps.machine, steps.inference_s, steps.audio_s
        FROM wanted JOIN counted_steps AS steps USING (step, fingerprint)
        WHERE steps.status = 'completed' AND NOT steps.cached
        QUALIFY row_number() OVER (
            PARTITION BY wanted.case_id, wanted.system, wanted.step, steps.machine
            ORDER BY coalesce(steps.sequence, 0) DESC, steps.ended_at DESC
        ) = 1
    ),
    needed AS (SELECT case_id, system, count(*) AS steps FROM wanted GROUP BY ALL)
SELECT case_id, system, machine, sum(inference_s) AS inference_s, max(audio_s) AS audio_s
FROM done JOIN needed USING (case_id, system)
GROUP BY case_id, system, machine, needed.steps
-- A step whose work was done elsewhere would be missing from the sum.
HAVING count(*) = needed.steps AND max(audio_s) > 0
ORDER BY ALL
"""
_CASES = """
SELECT case_id, speakers, tags FROM current_cases WHERE dataset = $dataset AND version = $version ORDER BY case_id
"""
MEMORY_OF_RUNS = """
WITH
    of_run AS (
        SELECT dagster_run_id, max(peak_memory_mib) AS peak_mib, count(DISTINCT system) = 1 AS alone
        FROM counted_steps GROUP BY dagster_run_id
    )
SELECT steps.system, of_run.peak_mib, of_run.alone
FROM counted_steps AS steps JOIN of_run USING (dagster_run_id)
WHERE steps.model IS NOT NULL AND steps.status = 'completed' AND of_run.peak_mib IS NOT NULL
GROUP BY steps.system, steps.dagster_run_id, of_run.peak_mib, of_run.alone
-- What came from the cache took no memory.
HAVING NOT bool_or(steps.cached) AND bool_and(coalesce(list_contains($devices, steps.device), true))
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True, order=True)
class Contestant:
    """A system where it was measured."""

    system: str
    device: str
    """Kind of device, or `asr cuda, vad cpu` where steps differ; empty where nothing says."""

    @property
    def devices(self) -> frozenset[str]:
        """Kinds of device that its results were made on."""
        return frozenset(part.split()[-1] for part in self.device.split(", ") if part)

    def __str__(self) -> str:
        return f"{self.system} on {self.device or 'an unknown device'}"


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest memory of a process that did all of a system's work."""

    mib: float
    alone: bool
    """Whether no other system ran in it: else it is only an upper limit."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One criterion's evidence."""

    measure: Measure
    cases: Mapping[Contestant, Sequence[Case]]
    of: int
    """Cases that any contestant was put to: who has fewer is not measured."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known for a use case."""

    measured: Mapping[str, Measured | None]
    """Name of a criterion -> what was measured by it; None: nobody has a figure."""
    contestants: Sequence[Contestant]
    """In order of system and device: those with a figure of any metric that counts."""
    peaks: Mapping[Contestant, Sequence[Peak]]
    other_machines: int
    """Machines whose speed was left out: speed is of the one with the most recordings."""


def evidence(lab: Lab, use_case: UseCase) -> Evidence:
    """What the warehouse has for a use case.

    Raises:
        UnknownName: a dataset that there is not.
        DatasetError: its manifest is broken.
    """
    catalogue = Catalogue(lab)
    versions = {dataset: catalogue.get(dataset).manifest.version for dataset in use_case.datasets}
    found = {dataset: _figures(lab, dataset, version) for dataset, version in versions.items()}
    measured = {
        criterion.name: _measured(criterion, *found[criterion.dataset])
        for criterion in use_case.score
        if criterion.metric != SPEED
    }
    contestants = sorted({one for each in measured.values() if each for one in each.cases})
    others: set[str] = set()
    for criterion in use_case.score:
        if criterion.metric == SPEED:
            failed = _failed(use_case, criterion.dataset, measured)
            speed, left_out = _speed(lab, criterion, versions[criterion.dataset], contestants, failed)
            measured[criterion.name] = speed
            others |= left_out
    return Evidence(
        measured,
        contestants,
        {one: peaks for one in contestants if (peaks := _peaks(lab, one))},
        len(others),
    )


def _figures(lab: Lab, dataset: str, version: str) -> tuple[Outcomes, dict[str, Contestant]]:
    """The outcomes on a dataset, and who each of their names is."""
    rows = query(lab, _DEVICES, {"dataset": dataset, "version": version}).rows
    devices: defaultdict[str, list[str]] = defaultdict(list)
    for system, device in rows:
        devices[system].append(device or "")
    found = outcomes(lab, dataset, version, list(devices))
    names: dict[str, Contestant] = {}
    for system, kinds in devices.items():
        for kind in kinds:
            one = Contestant(system, kind)
            names[str(one) if len(kinds) > 1 else system] = one
    return found, names


def _measured(criterion: Criterion, found: Outcomes, names: Mapping[str, Contestant]) -> Measured | None:
    possible = [
        measure
        for measure in found.by_measure
        if measure.metric == criterion.metric and criterion.step in (None, measure.step)
    ]
    if not possible:
        return None
    chosen = max(possible, key=lambda measure: (len(found.by_measure[measure]), measure.step, measure.protocol))
    cases = {
        names[name]: kept
        for name, every in found.by_measure[chosen].items()
        if (kept := _in_slice(every, criterion.where))
    }
    return Measured(chosen, cases, _count(cases.values())) if cases else None


def _failed(
    use_case: UseCase, dataset: str, measured: Mapping[str, Measured | None]
) -> dict[Contestant, dict[str, Case]]:
    """Contestant -> the cases of a dataset that it failed on, by id: they have no speed either."""
    found: defaultdict[Contestant, dict[str, Case]] = defaultdict(dict)
    for criterion in use_case.score:
        by_metric = measured.get(criterion.name) if criterion.dataset == dataset else None
        for one, cases in by_metric.cases.items() if by_metric else ():
            found[one] |= {case.case_id: case for case in cases if case.amounts is None}
    return dict(found)


def _speed(
    lab: Lab,
    criterion: Criterion,
    version: str,
    contestants: Sequence[Contestant],
    failed: Mapping[Contestant, Mapping[str, Case]],
) -> tuple[Measured | None, set[str]]:
    """Speed by case, on the machine with the most recordings; and the other machines."""
    given = {"dataset": criterion.dataset, "version": version}
    known = query(lab, _CASES, given).as_records()
    clusters = clusters_by_speakers({one["case_id"]: one["speakers"] or [] for one in known})
    tags = {one["case_id"]: {name: str(value) for name, value in (one["tags"] or {}).items()} for one in known}
    by_machine: defaultdict[str, defaultdict[Contestant, list[Case]]] = defaultdict(lambda: defaultdict(list))
    for devices in {one.devices for one in contestants}:
        named = {one.system: one for one in contestants if one.devices == devices}
        for row in query(lab, SPEED_BY_CASE, {**given, "devices": sorted(devices)}).as_records():
            if one := named.get(row["system"]):
                amounts = Amounts(row["inference_s"], row["audio_s"])
                case = Case(row["case_id"], amounts, clusters.get(row["case_id"]), tags.get(row["case_id"], {}))
                by_machine[row["machine"] or ""][one].append(case)
    if not by_machine:
        return None, set()
    most = Counter({machine: sum(map(len, found.values())) for machine, found in by_machine.items()})
    machine = max(sorted(most), key=lambda name: most[name])
    cases: dict[Contestant, list[Case]] = {}
    for one, every in by_machine[machine].items():
        timed = {case.case_id for case in every}
        lost = [case for case_id, case in failed.get(one, {}).items() if case_id not in timed]
        if kept := _in_slice([*every, *lost], criterion.where):
            cases[one] = kept
    left_out = set(by_machine) - {machine}
    return (Measured(REAL_TIME_FACTOR, cases, _count(cases.values())) if cases else None), left_out


def _peaks(lab: Lab, contestant: Contestant) -> list[Peak]:
    rows = query(lab, MEMORY_OF_RUNS, {"devices": sorted(contestant.devices)}).rows
    return [Peak(mib, alone) for system, mib, alone in rows if system == contestant.system]


def _in_slice(cases: Iterable[Case], where: Mapping[str, str]) -> list[Case]:
    return [case for case in cases if all(case.tags.get(tag) == value for tag, value in where.items())]


def _count(every: Iterable[Sequence[Case]]) -> int:
    return len({case.case_id for cases in every for case in cases})
