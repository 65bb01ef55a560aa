"""A sweep: systems on datasets, as few model loads as there are models, and what is known first worth knowing first.

Without a budget each dataset is one run. With one, cases are measured in rounds: each system on the cases of a round,
the quick systems first; between the rounds systems that are surely worse than the best are left out
(`modellab.statistics.stopping`). Nothing is run that has a result, so a sweep that was broken off goes on where it was:
the order of the cases, the rounds and so the looks follow from the dataset and the systems alone.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from modellab.datasets.catalogue import Catalogue
from modellab.evaluation.use_cases import metrics
from modellab.experiments.outcome import DatasetSweep, Sweep, SystemFate
from modellab.experiments.pace import Pace, size_of
from modellab.experiments.recording import record_sweep
from modellab.experiments.rounds import BudgetedSweep
from modellab.experiments.watching import SweepWatcher
from modellab.names import one_of
from modellab.pipeline.events import observed_by
from modellab.runs.bench import Prepared, concluded, prepare
from modellab.runs.launching import OpenLauncher, RunLauncher
from modellab.settings import Lab
from modellab.warehouse.builder import build


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sweep is to be of."""

    datasets: Sequence[str]
    systems: Sequence[str]
    """Keys."""
    budget_s: float | None = None
    metric: str | None = None
    """By which systems are left out; None: by the first main metric that all of them have."""
    folders: Sequence[str] = ()
    """`NAME=PATH` each, where manifests name folders of the user's."""
    experiment: str | None = None
    """Whose runs these are."""


def sweep(
    lab: Lab,
    asked: Asked,
    start: OpenLauncher,
    watcher: SweepWatcher,
    *,
    check_stopped: Callable[[], None] = lambda: None,
) -> Sweep:
    """Measure systems on datasets, the small ones first, running only what has no result yet; what came of it is
    recorded.

    Args:
        check_stopped: raises `KeyboardInterrupt` when somebody asked to stop; called between cases and runs.

    Raises:
        UnknownName: a dataset, model, pipeline or metric that there is not.
        TemplateError: a key that does not resolve.
        DatasetError: a manifest is broken.
        UsageError: no system is named, none of the cases can be had, or a system has nothing that a dataset judges.
        KeyboardInterrupt: somebody stopped it; what was finished is kept.
    """
    began = time.monotonic()
    if asked.metric is not None:
        one_of("metric", asked.metric, metrics())
    for dataset in asked.datasets:
        Catalogue(lab).get(dataset)  # before the first is enrolled
    prepared = [
        prepare(lab, dataset, asked.systems, watcher, folders=asked.folders, check_stopped=check_stopped)
        for dataset in dict.fromkeys(asked.datasets)
    ]
    prepared.sort(key=lambda one: sum(map(size_of, one.enrolment.inputs)))
    build(lab)  # what was run before says how long what is to be run will take
    done = []
    with start(lab) as launcher:
        for one in prepared:
            pace = Pace(lab, one.systems, one.enrolment.inputs)
            with ExitStack() as stack:
                stack.enter_context(observed_by(pace.observe))
                stack.enter_context(observed_by(watcher.observe))
                watcher.begins(one.enrolment, one.keys)
                watcher.paced(pace)
                if asked.budget_s is None:
                    done.append(_whole(lab, one, launcher, watcher, asked.experiment))
                else:
                    budgeted = BudgetedSweep(
                        lab,
                        one,
                        launcher,
                        pace,
                        deadline=began + asked.budget_s,
                        metric=asked.metric,
                        experiment=asked.experiment,
                    )
                    done.append(budgeted.run(watcher, check_stopped))
    found = Sweep(uuid.uuid4().hex[:16], asked.experiment, asked.budget_s, time.monotonic() - began, done)
    record_sweep(lab, found)
    build(lab)
    return found


def _whole(
    lab: Lab, prepared: Prepared, launcher: RunLauncher, watcher: SweepWatcher, experiment: str | None
) -> DatasetSweep:
    inputs = prepared.enrolment.inputs
    runs = launcher.sweep(prepared.keys, inputs, waits=watcher.waits, experiment=experiment)
    watcher.comparing()
    fates = [SystemFate(key, "measured", len(inputs), len(inputs)) for key in prepared.keys]
    return DatasetSweep(concluded(lab, prepared, runs), fates, None, None, 0)
