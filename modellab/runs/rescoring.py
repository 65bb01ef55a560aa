"""Scoring again what is stored, without a model: after a scorer or a reference changed, and what that changes."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.artifacts.store import ArtifactStore
from modellab.datasets.catalogue import Catalogue, Dataset
from modellab.datasets.sources import Sources
from modellab.errors import DatasetError, LabError
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.system import System, resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.runs.enrolling import enrol
from modellab.runs.launching import OpenLauncher, ignore_waiting
from modellab.settings import Lab
from modellab.statistics.drawing import told
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

_PAIRS = """
SELECT DISTINCT steps.system, steps.input
FROM counted_steps AS steps SEMI JOIN current_cases ON current_cases.input = steps.input
WHERE steps.status = 'completed' AND ($dataset IS NULL OR steps.input IN (
    SELECT input FROM current_cases WHERE dataset = $dataset
))
ORDER BY ALL
"""
_FIGURES = """
SELECT dataset, system, device, step, metric, protocol, case_id, value, error, scorer_version
FROM latest_scores WHERE dataset IS NOT NULL AND ($dataset IS NULL OR dataset = $dataset)
QUALIFY row_number() OVER (
    PARTITION BY dataset, system, device, step, metric, protocol, case_id ORDER BY scored_at DESC, scorer_version DESC
) = 1
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one system on one dataset, where a case has another figure than before."""

    dataset: str
    system: str
    step: str
    metric: str
    protocol: str
    changed: int
    """Cases whose figure is another one."""
    cases: int
    """Cases that have a figure now."""
    before: float | None
    """Mean of the figures of those that changed; None where there was none."""
    after: float | None
    scorers: tuple[str, ...]
    """Versions: before and now, one where it is the same."""


@dataclass(frozen=True, slots=True)
class CaseTold:
    """A case of which something is to be said."""

    dataset: str
    case: str
    why: str


@dataclass(frozen=True, slots=True)
class Rescored:
    """What came of it."""

    scored: int
    """Scorers that worked something out, over all recordings and systems."""
    kept: int
    """Those that had nothing to do: neither they nor what they judge by has changed."""
    left: Sequence[tuple[str, str]]
    """System and input whose results are of an earlier version of a step or model: to score those anew they would have
    to be made anew."""
    failed: Mapping[str, str]
    """System -> why it can't be scored: it is no more, say."""
    broken: Mapping[str, str]
    """Dataset -> why it is held against what it said before: its manifest can't be read."""
    unavailable: Sequence[CaseTold]
    """Cases that nothing is held against: their recording can't be had, or what is known of them can't be read, and the
    lab has nothing of it that still is what the manifest says."""
    kept_references: Sequence[CaseTold]
    """Cases whose reference is that of the last time, for a file of it is missing."""
    changes: Sequence[Change]


def rescore(
    lab: Lab,
    start: OpenLauncher,
    dataset: str | None = None,
    *,
    folders: Sequence[str] = (),
    check_stopped: Callable[[], None] = lambda: None,
) -> Rescored:
    """Score what is stored again, where a scorer or a reference is another than before.

    Args:
        dataset: only results on its recordings. Datasets are enrolled again, as they are now.
        folders: `NAME=PATH` each, where manifests name folders of the user's.
        check_stopped: raises `KeyboardInterrupt` when somebody asked to stop; called between cases.

    Raises:
        UnknownName: there is no such dataset.
        DatasetError: the manifest of the one that is named is broken.
        UsageError: a folder is not `NAME=PATH`.
        KeyboardInterrupt: somebody stopped it; what was finished is kept.
    """
    datasets = _Datasets(lab, Sources(lab, folders), check_stopped)
    datasets.enrol(dataset)
    build(lab)
    before = _figures(lab, dataset)
    pairs = query(lab, _PAIRS, {"dataset": dataset}).rows
    by_system: defaultdict[str, list[str]] = defaultdict(list)
    for system, source in pairs:
        by_system[system].append(source)
    found = _Rescoring(lab)
    with start(lab) as launcher:
        for system, sources, scorers in found.work(by_system):
            for result in launcher.sweep([system.key], sources, only=scorers, waits=ignore_waiting):
                found.count(result.records)
    build(lab)
    changes = list(_changes(before, _figures(lab, dataset)))
    enrolled = datasets.broken, datasets.unavailable, datasets.kept
    return Rescored(found.scored, found.kept, found.left, found.failed, *enrolled, changes)


class _Datasets:
    """What the lab has results on, enrolled as it is now."""

    def __init__(self, lab: Lab, sources: Sources, check_stopped: Callable[[], None]) -> None:
        self._lab, self._sources, self._check_stopped = lab, sources, check_stopped
        self._catalogue = Catalogue(lab)
        self.broken: dict[str, str] = {}
        self.unavailable: list[CaseTold] = []
        self.kept: list[CaseTold] = []

    def enrol(self, dataset: str | None) -> None:
        if dataset:
            self._enrol(self._catalogue.get(dataset))
            return
        build(self._lab)
        known = {row[0] for row in query(self._lab, "SELECT DISTINCT dataset FROM current_cases").rows}
        for name in sorted(known & set(self._catalogue.ids())):
            try:
                found = self._catalogue.get(name)
            except DatasetError as error:
                self.broken[name] = str(error)
                continue
            self._enrol(found)

    def _enrol(self, dataset: Dataset) -> None:
        done = enrol(self._lab, dataset, self._sources, lambda _: self._check_stopped())
        self.unavailable += [CaseTold(dataset.id, one.case.id, str(one.error)) for one in done.failed]
        self.kept += [CaseTold(dataset.id, one.case.id, str(one.kept)) for one in done.kept]


class _Rescoring:
    def __init__(self, lab: Lab) -> None:
        self._lab, self._registry = lab, ModelRegistry()
        self._engine = Engine(lab, Models(lab, self._registry), ArtifactStore(lab.artifacts), Recorder(lab))
        self._inputs = InputStore(lab)
        self.scored = self.kept = 0
        self.left: list[tuple[str, str]] = []
        self.failed: dict[str, str] = {}

    def work(
        self, by_system: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[System, list[RegisteredInput], frozenset[str]]]:
        """Each system with the recordings whose results are there, by the scorers that have something to judge."""
        for key, inputs in by_system.items():
            try:
                system = resolve_system(key, self._registry, self._lab)
                sources = [self._inputs.get(name) for name in inputs]
            except LabError as error:
                self.failed[key] = str(error)
                continue
            by_scorers: defaultdict[frozenset[str], list[RegisteredInput]] = defaultdict(list)
            for source in sources:
                wanted = [one for one in system.scorers if self._engine.wants(system, source, one.name)]
                there = frozenset(one.name for one in wanted if self._judged_is_there(system, source, one.sources))
                if len(there) < len(wanted):
                    self.left.append((key, source.key))
                if there:
                    by_scorers[there].append(source)
            for scorers, its_sources in by_scorers.items():
                yield system, its_sources, scorers

    def _judged_is_there(self, system: System, source: RegisteredInput, sources: Mapping[str, str]) -> bool:
        return all(self._engine.artifact(system, source, step) is not None for step in sources.values())

    def count(self, records: Sequence[Any]) -> None:
        """Take in what a run's scorers did."""
        done = [record for record in records if record.status == "completed"]
        self.kept += sum(record.cached for record in done)
        self.scored += sum(not record.cached for record in done)


_Key = tuple[str, str, str, str, str, str]


def _figures(lab: Lab, dataset: str | None) -> dict[_Key, dict[str, dict[str, Any]]]:
    """Dataset, system, device, step, metric and protocol -> case -> its newest figure."""
    found: defaultdict[_Key, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in query(lab, _FIGURES, {"dataset": dataset}).as_records():
        key = tuple(str(row[name]) for name in ("dataset", "system", "device", "step", "metric", "protocol"))
        found[key][row["case_id"]] = row  # type: ignore[index]
    return dict(found)


def _changes(
    before: Mapping[_Key, Mapping[str, Mapping[str, Any]]], after: Mapping[_Key, Mapping[str, Mapping[str, Any]]]
) -> Iterator[Change]:
    for key, cases in sorted(after.items()):
        dataset, system, _, step, metric, protocol = key
        earlier = before.get(key, {})
        changed = [case for case, row in cases.items() if _figure(earlier.get(case)) != _figure(row)]
        versions = [row["scorer_version"] for one in (earlier, cases) for row in one.values()]
        if changed:
            yield Change(
                *(dataset, system, step, metric, protocol, len(changed), len(cases)),
                before=_mean(earlier[case]["value"] for case in changed if case in earlier),
                after=_mean(cases[case]["value"] for case in changed),
                scorers=tuple(dict.fromkeys(versions)),
            )


def _figure(row: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    return None if row is None else (row["value"], row["error"])


def _mean(values: Iterator[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return told(sum(there) / len(there)) if there else None
