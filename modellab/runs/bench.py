"""Measuring systems on a dataset: its cases become inputs, what is missing is run and scored, and all is compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from modellab.datasets.catalogue import Catalogue, Dataset
from modellab.datasets.sources import Sources
from modellab.errors import UsageError
from modellab.evaluation.documents import standing_document
from modellab.evaluation.outcomes import outcomes
from modellab.evaluation.speed import StepSpeed, speeds
from modellab.evaluation.standing import Standing, standing
from modellab.inputs.registered import IN_WORDS
from modellab.pipeline.events import Event, observed_by
from modellab.pipeline.system import System, resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.enrolling import CaseOutcome, Enrolment, enrol
from modellab.runs.launching import LaunchResult, OpenLauncher
from modellab.settings import Lab
from modellab.warehouse.builder import build

_NAMED = 3
"""An error names so many cases."""


class BenchWatcher(Protocol):
    """Whoever shows what goes on."""

    def enrolled(self, outcome: CaseOutcome, of: int) -> None:
        """A case became an input, or can't be had; there are so many."""

    def begins(self, enrolment: Enrolment, systems: Sequence[str]) -> None:
        """All cases were looked at; the runs follow."""

    def waits(self, most: int) -> None:
        """So many runs are at work, and there may be no more: this one waits."""

    def observe(self, event: Event) -> None:
        """Something happened to a step."""

    def comparing(self) -> None:
        """The runs are over, and figures are worked out."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What came of it."""

    dataset: Dataset
    enrolment: Enrolment
    runs: Sequence[LaunchResult]
    standing: Standing
    speeds: Mapping[str, list[StepSpeed]]

    @property
    def failed(self) -> list[LaunchResult]:
        """Runs that did not complete."""
        return [run for run in self.runs if run.status != "completed"]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        unavailable = {one.case.id: str(one.error) for one in self.enrolment.failed}
        kept = {one.case.id: str(one.kept) for one in self.enrolment.kept}
        return {**standing_document(self.standing, self.speeds), "unavailable": unavailable, "kept_references": kept}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be measured: all of it there is, and none of it run yet."""

    dataset: Dataset
    systems: Sequence[System]
    """Each once, in the order in which they were named."""
    enrolment: Enrolment

    @property
    def keys(self) -> list[str]:
        """Of the systems."""
        return [system.key for system in self.systems]

    @property
    def version(self) -> str:
        """Of the dataset."""
        return self.dataset.manifest.version


def bench(
    lab: Lab,
    dataset: str,
    systems: Sequence[str],
    start: OpenLauncher,
    watcher: BenchWatcher,
    *,
    folders: Sequence[str] = (),
    force: bool = False,
    check_stopped: Callable[[], None] = lambda: None,
) -> Bench:
    """Measure systems on a dataset, running only what has no result yet.

    Args:
        dataset: its id.
        systems: keys of systems: models, pipelines, pipelines with overrides.
        folders: `NAME=PATH` each, where manifests name folders of the user's.
        force: run steps although their results are there.
        check_stopped: raises `KeyboardInterrupt` when somebody asked to stop; called between cases.

    Raises:
        what `prepare` raises.
        KeyboardInterrupt: somebody stopped it; what was finished is kept.
    """
    prepared = prepare(lab, dataset, systems, watcher, folders=folders, check_stopped=check_stopped)
    watcher.begins(prepared.enrolment, prepared.keys)
    with start(lab) as launcher, observed_by(watcher.observe):
        runs = launcher.sweep(prepared.keys, prepared.enrolment.inputs, force=force, waits=watcher.waits)
    watcher.comparing()
    return concluded(lab, prepared, runs)


def prepare(
    lab: Lab,
    dataset: str,
    systems: Sequence[str],
    watcher: BenchWatcher,
    *,
    folders: Sequence[str] = (),
    check_stopped: Callable[[], None] = lambda: None,
) -> Prepared:
    """Resolve what is named and enrol the dataset; the arguments are those of `bench`.

    Raises:
        UnknownName: a dataset, model or pipeline that there is not.
        TemplateError: a key that does not resolve.
        DatasetError: the manifest is broken.
        UsageError: no system is named, none of the cases can be had, or a system has nothing that the dataset judges.
        KeyboardInterrupt: somebody stopped it.
    """
    found = Catalogue(lab).get(dataset)
    registry = ModelRegistry()
    resolved = {system.key: system for system in (resolve_system(key, registry, lab) for key in systems)}
    if not resolved:
        raise UsageError("a bench needs a system to measure", hint="Name models or pipelines: --models faster_whisper")
    count = len(found.manifest.cases)

    def progress(outcome: CaseOutcome) -> None:
        check_stopped()
        watcher.enrolled(outcome, count)

    enrolment = enrol(lab, found, Sources(lab, folders), progress)
    if not enrolment.inputs:
        raise UsageError(
            f"none of the {count} cases of {dataset} can be had here",
            found="; ".join(f"{one.case.id}: {one.error}" for one in enrolment.failed[:_NAMED]),
            hint=f"See: modellab datasets check {dataset}",
        )
    for system in resolved.values():
        _check_kind(system, found, enrolment)
    return Prepared(found, list(resolved.values()), enrolment)


def concluded(lab: Lab, prepared: Prepared, runs: Sequence[LaunchResult]) -> Bench:
    """Figures and verdicts over what there is now."""
    build(lab)
    dataset, version, keys = prepared.dataset, prepared.version, prepared.keys
    return Bench(
        dataset,
        prepared.enrolment,
        runs,
        standing(outcomes(lab, dataset.id, version, keys), keys),
        speeds(lab, dataset.id, version, keys),
    )


def _check_kind(system: System, dataset: Dataset, enrolment: Enrolment) -> None:
    """Refuse a system none of whose kind of input the dataset has: every case would fail."""
    kinds = {source.kind for source in enrolment.inputs}
    if system.takes not in kinds:
        raise UsageError(
            f"{system.key} runs on a {IN_WORDS[system.takes]}, and {dataset.id} has none",
            found=f"cases that are each a {' or a '.join(IN_WORDS[kind] for kind in sorted(kinds))}",
            hint="See: modellab datasets list",
        )
