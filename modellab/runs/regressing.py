"""The regression gate over a lab: what is watched is measured, held against its baselines, and recorded."""

import logging
import uuid
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from modellab.datasets.catalogue import Catalogue
from modellab.errors import DatasetError, LabError, UsageError
from modellab.pipeline.readiness import readiness
from modellab.pipeline.system import System, resolve_system
from modellab.promotion.watching import watched, with_watched
from modellab.registry.config import Status
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.regression.baseline import FIRST, baseline_of, set_baseline
from modellab.regression.documents import finding_rows
from modellab.regression.gate import Judgement, judge
from modellab.regression.judged import Judged, Sweep
from modellab.regression.state import State, states
from modellab.regression.tolerances import Regression, Target, regression_settings
from modellab.runs.bench import BenchWatcher, bench
from modellab.runs.launching import OpenLauncher
from modellab.settings import Lab
from modellab.steps.catalogue import step_for_surface
from modellab.wall_clock import stamp
from modellab.warehouse.builder import build
from modellab.warehouse.recorder import Recorder

_log = logging.getLogger(__name__)
_FROM_BEST: tuple[Status, ...] = ("production", "candidate", "experimental")
_WATCHED = frozenset({"golden", "smoke"})
"""Parts of the ids of datasets that are watched without being named."""


def status_of(system: System, registry: ModelRegistry, promoted: Container[str] = ()) -> Status:
    """The least that any of a system's models is; production for one without models, and for one that is promoted.

    Args:
        promoted: keys of the systems that are in use for some use case.
    """
    if system.key in promoted:
        return "production"
    found = [registry.get(ref.id).status for step in system.steps for ref in step.models]
    return max(found, key=_FROM_BEST.index, default="production")


def default_plan(lab: Lab, registry: ModelRegistry) -> list[Target]:
    """Each production and candidate model, in its default variant, on the golden and smoke sets of its surfaces."""
    catalogue = Catalogue(lab)
    first_tasks = {}
    for name in catalogue.ids():
        if _WATCHED & set(name.split("_")):
            try:
                # What a set is for; further tasks are what it can be used for as well.
                first_tasks[name] = catalogue.get(name).manifest.tasks[0]
            except DatasetError as error:
                _log.warning("the dataset %s is left out: %s", name, error)
    models = [
        (surface, config.key_of(config.default_variant, surface))
        for config in registry.configs()
        if config.status != "experimental" and config.service is None
        for surface in config.surfaces
        if step_for_surface(surface)
    ]
    planned = {name: [key for surface, key in models if surface == task] for name, task in first_tasks.items()}
    return [Target(dataset=name, systems=systems) for name, systems in planned.items() if systems]


def regress(
    lab: Lab,
    start: OpenLauncher,
    watcher: BenchWatcher,
    *,
    datasets: Sequence[str] = (),
    systems: Sequence[str] = (),
    folders: Sequence[str] = (),
    repeats: int = 0,
    accept: str | None = None,
    check_stopped: Callable[[], None] = lambda: None,
) -> Sweep:
    """Measure what is watched, hold it against its baselines, and record what came of it.

    What has no baseline gets one. Only what has no result yet is run.

    Args:
        datasets: only these; with `systems` they need not be in the plan.
        systems: only these.
        folders: `NAME=PATH` each, where manifests name folders of the user's.
        repeats: so many times all is run anew, so that there are speeds to compare.
        accept: let what is measured now be the baseline from now on, for this reason.
        check_stopped: raises `KeyboardInterrupt` when somebody asked to stop.

    Raises:
        UsageError: nothing is watched, or a setting is not valid.
        UnknownName: a dataset, model or pipeline that there is not.
        KeyboardInterrupt: somebody stopped it; what was judged is recorded.
    """
    gate = _Gate(lab, start, watcher, regression_settings(lab), folders, repeats, accept, check_stopped)
    registry = ModelRegistry()
    in_use = watched(lab)
    plan = with_watched(gate.settings.plan or default_plan(lab, registry), in_use)
    targets = _targets(lab, registry, plan, datasets, systems)
    promoted = {name for target in in_use for name in target.systems}
    with Models(lab, registry) as models:
        split = [(target, *_split(lab, target, registry, models, promoted)) for target in targets]
    sweep, judged = uuid.uuid4().hex[:16], []
    for target, there, missing in split:
        found = [Judged(_not_measured(target.dataset, key, why), status) for key, (why, status) in missing.items()]
        if there:
            found += gate.measured(target.dataset, there)
        for one in found:
            _record(lab, sweep, one)
        judged += found
    build(lab)
    return Sweep(sweep, tuple(judged))


def _targets(
    lab: Lab, registry: ModelRegistry, planned: Sequence[Target], datasets: Sequence[str], systems: Sequence[str]
) -> list[Target]:
    keys = {resolve_system(name, registry, lab).key for name in systems}
    for name in datasets:
        Catalogue(lab).get(name)
    if datasets and systems:
        return [Target(dataset=name, systems=sorted(keys)) for name in dict.fromkeys(datasets)]
    found = []
    for target in planned:
        kept = [name for name in target.systems if not keys or _key(lab, registry, name) in keys]
        if kept and (not datasets or target.dataset in datasets):
            found.append(Target(dataset=target.dataset, systems=kept))
    if not found:
        raise UsageError(
            f"{', '.join([*datasets, *systems]) or 'nothing'} is not watched",
            allowed="; ".join(f"{one.dataset}: {', '.join(one.systems)}" for one in planned) or None,
            hint="Name a dataset and models together, or watch them: docs/regression.md.",
        )
    return found


def _key(lab: Lab, registry: ModelRegistry, name: str) -> str | None:
    """None of a name that means nothing here: `_split` says so."""
    try:
        return resolve_system(name, registry, lab).key
    except LabError:
        return None


def _split(
    lab: Lab, target: Target, registry: ModelRegistry, models: Models, promoted: Container[str]
) -> tuple[dict[str, Status], dict[str, tuple[str, Status]]]:
    """The systems of a target that can run here, and those that can't with why; each with its status."""
    there: dict[str, Status] = {}
    missing: dict[str, tuple[str, Status]] = {}
    for name in target.systems:
        try:
            system = resolve_system(name, registry, lab)
        except LabError as error:
            missing[name] = str(error), "production"  # what is watched and gone is no small thing
            continue
        why = [f"{step}: {one.missing}" for step, one in readiness(system, models).items() if one.missing]
        status = status_of(system, registry, promoted)
        if why:
            missing[system.key] = "; ".join(why), status
        else:
            there[system.key] = status
    return there, missing


@dataclass(frozen=True, slots=True)
class _Gate:
    """How a sweep measures and judges; as `regress` was asked."""

    lab: Lab
    start: OpenLauncher
    watcher: BenchWatcher
    settings: Regression
    folders: Sequence[str]
    repeats: int
    accept: str | None
    check_stopped: Callable[[], None]

    def measured(self, dataset: str, systems: Mapping[str, Status]) -> Iterator[Judged]:
        """Every system on a dataset, measured and judged."""
        try:
            for force in [False, *[True] * self.repeats]:
                found = bench(
                    self.lab,
                    dataset,
                    list(systems),
                    self.start,
                    self.watcher,
                    folders=self.folders,
                    force=force,
                    check_stopped=self.check_stopped,
                )
        except (UsageError, DatasetError) as error:
            yield from (Judged(_not_measured(dataset, key, str(error)), status) for key, status in systems.items())
            return
        version = found.dataset.manifest.version
        lost = tuple(f"{one.case.id} can't be had: {one.error}" for one in found.enrolment.failed)
        for key, status in systems.items():
            every = states(self.lab, dataset, version, key)
            if not every:
                errors = [run.error for run in found.failed if run.system == key and run.error]
                why = errors[0] if errors else "it gives nothing that this dataset judges"
                yield Judged(_not_measured(dataset, key, why, version), status)
            for state in every:
                yield self._judged(state, status, lost)

    def _judged(self, state: State, status: Status, lost: tuple[str, ...]) -> Judged:
        baseline = baseline_of(self.lab, state.dataset, state.system)
        if baseline is None:
            first = Judgement(state.dataset, state.version, state.system, "no baseline", changed=lost)
            return Judged(first, status, set_baseline(self.lab, state, self.accept or FIRST))
        found = judge(state, baseline, self.settings)
        accepted = set_baseline(self.lab, state, self.accept) if self.accept else None
        return Judged(replace(found, changed=(*lost, *found.changed)), status, accepted)


def _not_measured(dataset: str, system: str, why: str, version: str | None = None) -> Judgement:
    return Judgement(dataset, version, system, "not measured", why=why)


def _record(lab: Lab, sweep: str, one: Judged) -> None:
    found = one.judgement
    content = {
        "sweep": sweep,
        "dataset": found.dataset,
        "version": found.version,
        "system": found.system,
        "status": one.status,
        "verdict": found.verdict,
        "why": found.why,
        "changed": list(found.changed),
        "baseline": found.baseline,
        "findings": finding_rows(found),
    }
    Recorder(lab).gate(uuid.uuid4().hex[:16], stamp(), content)
