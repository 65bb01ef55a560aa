"""A dataset within a budget: rounds of cases, looks between them, and runs that are as long as there is time for."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from modellab.evaluation.outcomes import Measure, Outcomes, outcomes
from modellab.evaluation.standing import main_of
from modellab.experiments.outcome import DatasetSweep, Fate, SystemFate
from modellab.experiments.pace import Pace
from modellab.experiments.watching import SweepWatcher
from modellab.inputs.registered import RegisteredInput
from modellab.runs.bench import Prepared, concluded
from modellab.runs.launching import LaunchResult, RunLauncher
from modellab.settings import Lab
from modellab.statistics.cases import Case
from modellab.statistics.stopping import Rule, RuledOut, ruled_out
from modellab.warehouse.builder import build

_PART = 0.5
"""Of the time that is left, what a run of several inputs is planned to take at most: an estimate may be wrong by as
much again, and the budget is still kept."""


class BudgetedSweep:
    """One dataset of a sweep that has a budget.

    Args:
        pace: of its systems and inputs; whoever made it lets it observe events.
        deadline: on the clock of `time.monotonic`.
        metric: by which systems are left out; None: the first main one.
        experiment: whose runs these are.
    """

    def __init__(
        self,
        lab: Lab,
        prepared: Prepared,
        launcher: RunLauncher,
        pace: Pace,
        *,
        deadline: float,
        metric: str | None,
        experiment: str | None,
    ) -> None:
        self._lab, self._prepared, self._launcher, self._pace = lab, prepared, launcher, pace
        self._deadline, self._metric, self._experiment = deadline, metric, experiment
        self._order = _by_lot(prepared)
        self._rule = Rule(len(prepared.keys), len(self._order))
        self._runs: list[LaunchResult] = []
        self._put: dict[str, set[str]] = {key: set() for key in prepared.keys}
        """System -> inputs that it was put to."""
        self._out: dict[str, tuple[RuledOut, int]] = {}
        """System -> what left it out, and at which look."""
        self._measure: Measure | None = None
        self._looks = 0
        self._beside_s = 0.0
        """What the last run of one input took beside the models' work."""

    def run(self, watcher: SweepWatcher, check_stopped: Callable[[], None]) -> DatasetSweep:
        """Measure until all is measured that is worth it, or the budget ends.

        Raises:
            KeyboardInterrupt: somebody stopped it; what was finished is kept.
        """
        start = 0
        for number, end in enumerate(self._rule.rounds, 1):
            part = self._order[start:end]
            # Of a system that nothing is known of, the first case tells whether it is a quick one.
            unknown = [key for key in self._in if self._pace.rate(key) is None]
            ready = [self._go_through(key, part[:1], watcher, check_stopped) for key in unknown]
            ready += [self._go_through(key, part, watcher, check_stopped) for key in self._quick_first()]
            if not all(ready):
                break
            if number <= self._rule.looks and len(self._in) > 1:
                self._look(self._order[:end], watcher)
            start = end
        watcher.comparing()
        fates = [self._fate(key) for key in self._prepared.keys]
        bench = concluded(self._lab, self._prepared, self._runs)
        return DatasetSweep(bench, fates, self._rule, self._measure, self._looks)

    @property
    def _in(self) -> list[str]:
        return [key for key in self._prepared.keys if key not in self._out]

    def _quick_first(self) -> list[str]:
        return sorted(self._in, key=lambda key: self._pace.rate(key) or 0.0)

    def _go_through(
        self,
        key: str,
        inputs: Sequence[RegisteredInput],
        watcher: SweepWatcher,
        check_stopped: Callable[[], None],
    ) -> bool:
        """Put a system to inputs, in as many runs as it takes; whether the time was enough for all."""
        missing = [source for source in inputs if source.key not in self._put[key]]
        while missing:
            check_stopped()
            now = self._fitting(key, missing)
            if not now:
                return False
            is_first = not self._put[key]
            began = time.monotonic()
            runs = self._launcher.sweep([key], now, waits=watcher.waits, experiment=self._experiment)
            self._learn(key, runs, time.monotonic() - began, is_first=is_first)
            missing = missing[len(now) :]
        return True

    def _fitting(self, key: str, missing: Sequence[RegisteredInput]) -> Sequence[RegisteredInput]:
        """The next inputs that there is time for: one as the system's first, and as long as nothing is known of it."""
        left = self._deadline - time.monotonic()
        first = self._pace.seconds(key, [missing[0].key])
        if left <= 0 or (first is not None and first + self._beside_s > left):
            return ()
        if first is None or not self._put[key]:
            return missing[:1]
        count, total = 1, first
        for source in missing[1:]:
            total += self._pace.seconds(key, [source.key]) or 0.0
            if total + self._beside_s > _PART * left:
                break
            count += 1
        return missing[:count]

    def _learn(self, key: str, runs: Sequence[LaunchResult], wall_s: float, *, is_first: bool) -> None:
        self._runs += runs
        self._put[key].update(run.input for run in runs)
        with_models = [record for run in runs for record in run.records if record.model]
        if len(runs) == 1 and not is_first:  # the first one loads models, and packages
            self._beside_s = max(0.0, wall_s - sum(record.total_s for record in with_models))
        if is_first and not all(record.cached for record in with_models):
            self._pace.forget_what_is_there(
                key, [source.key for source in self._order if source.key not in self._put[key]]
            )

    def _look(self, seen: Sequence[RegisteredInput], watcher: SweepWatcher) -> None:
        """Leave out what is surely worse on the inputs so far."""
        build(self._lab)
        dataset, version = self._prepared.dataset.id, self._prepared.version
        found = outcomes(self._lab, dataset, version, self._prepared.keys)
        keys = {source.key for source in seen}
        cases = {one.case.id for one in self._prepared.enrolment.outcomes if one.source and one.source.key in keys}
        of_measure = {measure: self._cases(found, measure, cases) for measure in found.by_measure}
        self._measure = self._measure or self._chosen(of_measure)
        self._looks += 1
        if self._measure is None:
            return
        by = self._measure
        left_out = ruled_out(of_measure.get(by, {}), self._rule, better=by.better, unit=by.unit, bounds=by.bounds)
        for one in left_out:
            self._out[one.system] = one, self._looks
            self._pace.leave_out(one.system)
            watcher.leaves_out(one, len(self._order) - len(self._put[one.system]))

    def _chosen(self, of_measure: dict[Measure, dict[str, list[Case]]]) -> Measure | None:
        """By which systems are left out: a metric that all have cases of."""
        shared = [measure for measure, systems in of_measure.items() if set(self._in) <= set(systems)]
        if self._metric is None:
            return next(iter(main_of(shared)), None)
        return next((measure for measure in shared if measure.metric == self._metric), None)

    def _cases(self, found: Outcomes, measure: Measure, cases: set[str]) -> dict[str, list[Case]]:
        """Each system's cases, of those seen so far, that were made where it runs now."""
        made = {}
        for key in self._in:
            devices = {record.device for run in self._runs if run.system == key for record in run.records}
            named = [key, *(f"{key} on {device}" for device in sorted(filter(None, devices)))]
            # What failed before a device was chosen is of none.
            named.append(f"{key} on an unknown device")
            every = [case for name in named for case in found.by_measure[measure].get(name, ())]
            kept = {case.case_id: case for case in reversed(every) if case.case_id in cases}
            if kept:
                made[key] = list(kept.values())
        return made

    def _fate(self, key: str) -> SystemFate:
        done, of = len(self._put[key]), len(self._order)
        left = self._pace.seconds(key, (source.key for source in self._order if source.key not in self._put[key]))
        fate: Fate = "measured" if done == of else "not finished"
        if key in self._out:
            stop, look = self._out[key]
            return SystemFate(key, "ruled out" if done < of else fate, done, of, stop, look)
        return SystemFate(key, fate, done, of, left_s=left if fate == "not finished" else None)


def _by_lot(prepared: Prepared) -> list[RegisteredInput]:
    """The inputs in an order that has nothing to do with what they are, and is always the same."""
    case_of: defaultdict[str, list[str]] = defaultdict(list)
    for one in prepared.enrolment.outcomes:
        if one.source is not None and one.error is None:
            case_of[one.source.key].append(one.case.id)

    def lot(source: RegisteredInput) -> str:
        return hashlib.sha256(f"{prepared.dataset.id} {min(case_of[source.key])}".encode()).hexdigest()

    return sorted(prepared.enrolment.inputs, key=lot)
