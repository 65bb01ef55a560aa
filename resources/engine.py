"""The engine as a Dagster resource: one session per run, recorded from its start to its end."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import dagster as dg
from pydantic import PrivateAttr

from modellab.artifacts.fingerprint import ABSENT
from modellab.artifacts.store import Artifact
from modellab.aside import done_aside
from modellab.errors import LabError, StepFailed, UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.event_file import recorded_events
from modellab.pipeline.events import RunEnded, emit
from modellab.pipeline.record import Launch, RunIdentity, StepRecord
from modellab.pipeline.system import System, SystemStep, resolve_system
from modellab.runs.slots import gpu_slot, run_slot
from modellab.settings import Lab
from modellab.steps.definition import Kind
from modellab.steps.reads import latest_first
from modellab.warehouse.liveness import ProcessMark
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.stops import stop_of
from resources.artifacts import ArtifactsResource
from resources.devices import DevicesResource
from resources.launched import launch_of, own_process
from resources.models import ModelsResource
from resources.overlap import Overlap, Task
from resources.selection import SelectionResource
from resources.warehouse import WarehouseResource

_log = logging.getLogger(__name__)
_SHORT_S = 60.0
"""Steps without a model take well below a second for so much sound, and a stop can wait for that. For longer ones there
is little to gain: what is not the model's is a few percent of their time."""


@dataclass(frozen=True)
class StepResult:
    """A step that is done: what ran on what, and what came of it."""

    engine: Engine
    system: System
    source: RegisteredInput
    record: StepRecord
    artifact: Artifact

    def read(self, role: str) -> Artifact | None:
        """What the step read in a role; None where that was absent."""
        step = self.system.step(self.record.step)
        key = self.artifact.manifest["identity"]["reads"].get(role)
        if step is None or key is None or key.startswith(ABSENT):
            return None
        names = (name for read in step.definition.reads for name in self.system.candidates(step, read))
        return next((found for name in names if (found := self.engine.store.find(name, key))), None)

    def latest(self, kind: Kind) -> Artifact | None:
        """What the latest other step of the same system that gives a kind gave for the same input; None without one."""
        others = [step.definition for step in self.system.steps if step.name != self.record.step]
        givers = latest_first(kind, others)
        return self.engine.artifact(self.system, self.source, givers[0].name) if givers else None


@dataclass(slots=True)
class _Pair:
    """One input under one system, within this run."""

    identity: RunIdentity
    todo: set[str]
    """Steps this run has still to do for it."""
    ahead: set[str]
    """Steps whose turn has not come and gone yet, whatever came of them."""
    ended: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    """Failed step -> its error, in a sentence that names the step."""
    lost: dict[str, str] = field(default_factory=dict)
    """Step without a result -> what took it: `asr failed`, be it itself or what it reads."""

    @property
    def status(self) -> Literal["completed", "failed", "canceled"]:
        """How the run ended for it; steps left undone without a failure mean that someone stopped the run."""
        if self.errors:
            return "failed"
        return "canceled" if self.todo else "completed"

    @property
    def error(self) -> str | None:
        """Every failure, in the order they happened."""
        return " ".join(self.errors.values()) or None

    def blocked(self, system: System, step: SystemStep) -> str | None:
        """What keeps a step from running: a step it can't do without has lost its result, and none can stand in."""
        for read in step.definition.reads:
            candidates = system.candidates(step, read)
            if read.required and candidates and all(name in self.lost for name in candidates):
                return self.lost[candidates[0]]
        return None


Outcome = StepResult | Exception | None
"""What came of a step: why it failed, or nothing where its system has no such step."""


class RunSession:
    """What one Dagster run does: steps of systems on inputs.

    Args:
        engine: runs the steps and records them.
        recorder: where it is written down how the run begins and ends.
        inputs: the registered inputs.
        resolve: turns a system's key into the system.
        dagster_run_id: the run that all of it belongs to.
        planned: names of the steps the run is going to do, for those systems that have them.
        launch: who or what asked for the run.
        asked: keys of inputs and systems, where the run's configuration says what it is for.
    """

    def __init__(
        self,
        engine: Engine,
        recorder: Recorder,
        inputs: InputStore,
        *,
        resolve: Callable[[str], System],
        dagster_run_id: str,
        planned: Set[str],
        launch: Launch,
        asked: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.engine = engine
        self._recorder = recorder
        self._input = cache(inputs.get)
        self._system = cache(resolve)
        self._dagster_run_id, self._planned, self._launch = dagster_run_id, planned, launch
        self._pairs: dict[tuple[str, str], _Pair] = {}
        self._refused: set[tuple[str, str]] = set()
        self._overlap: Overlap[Outcome] | None = None
        self._planned_overlap = False
        self._next_models: deque[tuple[System, RegisteredInput, str]] = deque()
        """For each model that may be loaded ahead, a step that needs it. Both threads of `Overlap` add to it."""
        self._noted_models: set[str] = set()
        """Models that are in it, or were: each is loaded ahead once."""
        self.asked = asked
        self.named = False
        """Whether the run says by a tag which files it is for."""

    def run_step(
        self, step: str, input_key: str, system_key: str, *, force: bool = False, beside: bool = False
    ) -> StepResult | None:
        """Run one step for one input under one system, or find its result; None when the system has no such step.

        Args:
            force, beside: as `Engine.run_step` has them.

        Raises:
            LabError: the step failed, is not run because one it can't do without failed in this run, the input or the
                system does not exist, or the system has none of the steps of this run.
        """
        try:
            system = self._system(system_key)
            source = self._input(input_key)
            if not any(step.name in self._planned for step in system.all_steps):
                raise _nothing_to_do(system, self._planned)
            if not self._todo(system, source):
                raise _nothing_known(system, source, self._planned)
        except LabError as error:
            self.refuse(error, input_key, system_key)
            raise
        definition = system.step(step)
        if definition is None or not self.engine.wants(system, source, step):
            return None
        pair = self._pair(system, source)
        if reason := pair.blocked(system, definition):
            pair.lost[step] = reason
            self.engine.leave_out(system, source, step, pair.identity, reason, beside=beside)
            raise StepFailed(f"{step} was not run on {source.name} because {reason}")
        record = self.engine.run_step(system, source, step, pair.identity, force=force, beside=beside)
        if record.error is not None:
            pair.lost[step], pair.errors[step] = f"{step} failed", f"{step} failed: {record.error}"
            raise self.engine.error_of(record)
        pair.todo.discard(step)
        if not record.cached:
            self._note_next_model(system, source, step, pair)
        return StepResult(self.engine, system, source, record, self.engine.store.get(step, str(record.fingerprint)))

    def step_finished(self, step: str, input_key: str, system_key: str) -> None:
        """A step, its page and checks are through with an input under a system; the last step ends the run for it."""
        if pair := self._pairs.get((input_key, system_key)):
            pair.ahead.discard(step)
            if not pair.ahead:
                self._end(input_key, system_key, pair)

    def model_of(self, step: str, system_key: str) -> str:
        """What a step of a system loads, by which work is put in order; empty where that is nothing, or not known."""
        try:
            found = self._system(system_key).step(step)
        except LabError:
            return ""
        return " ".join(map(str, found.models)) if found else ""

    def overlap(
        self, order: Sequence[str], pairs: Callable[[str], Sequence[tuple[str, str]]]
    ) -> Overlap[Outcome] | None:
        """What does the tasks of this run with two hands, the same for all its steps; None where one is as good.

        That is with a single input and system, or without any model.

        Args:
            order: names of all steps there are, in the order in which they run.
            pairs: keys of the inputs and systems that the run is for, in the order in which a step does them.
        """
        if not self._planned_overlap:
            self._planned_overlap = True
            tasks = [Task(step, *pair) for step in order if step in self._planned for pair in pairs(step)]
            several = len({(task.input, task.system) for task in tasks}) > 1
            if several and any(self.model_of(task.step, task.system) for task in tasks):
                self._overlap = Overlap(tasks, self._is_aside, self._load_ahead, self._is_at_hand)
        return self._overlap

    def _note_next_model(self, system: System, source: RegisteredInput, step: str, pair: _Pair) -> None:
        """What was worked on now is worked on next by the step of its system that has the next model."""
        order = [one.name for one in system.all_steps]
        later = (one for one in system.all_steps[order.index(step) + 1 :] if one.name in pair.todo)
        following = next((one for one in later if one.model), None)
        if following is not None and str(following.model) not in self._noted_models:
            self._noted_models.add(str(following.model))
            self._next_models.append((system, source, following.name))

    def _load_ahead(self) -> bool:
        """Load a model that is going to be needed, while there is nothing for the models at hand; whether it did."""
        if not self._next_models:
            return False
        self.engine.load_ahead(*self._next_models.popleft())
        return True

    def _is_at_hand(self, task: Task) -> bool:
        """Whether a step finds its models loaded."""
        step = self._system(task.system).step(task.step)
        return step is not None and set(step.models) <= set(self.engine.models.loaded)

    def _is_aside(self, task: Task) -> bool:
        """Whether a task can be done beside a model's work: it loads none, and takes no time or memory to speak of."""
        try:
            short = self._input(task.input).duration_s <= _SHORT_S
        except LabError:  # what does not exist is refused at once
            short = True
        return short and not self.model_of(task.step, task.system)

    def failed(self, step: str, input_key: str, system_key: str, error: LabError) -> None:
        """What is done about a step beside running it failed, its page say: so did the run for that input and system.

        Args:
            error: a sentence that names the step.
        """
        if pair := self._pairs.get((input_key, system_key)):
            pair.errors.setdefault(step, str(error))

    def file_name(self, input_key: str) -> str:
        """The name of an input's file; its key where there is no such input."""
        try:
            return self._input(input_key).name
        except LabError:
            return input_key

    @property
    def begun(self) -> bool:
        """Whether any input was begun under any system: false as long as everything was refused."""
        return bool(self._pairs)

    def refuse(self, error: LabError, input_key: str = "", system_key: str = "") -> None:
        """Record that this run, or its part for one input and system, can't be begun; once, however many steps ask."""
        if (input_key, system_key) not in self._refused:
            self._refused.add((input_key, system_key))
            self._recorder.run_refused(self._dagster_run_id, str(error), input_key, system_key, self._launch)
            emit(RunEnded(input_key, system_key, "failed", str(error)), RunIdentity("", self._dagster_run_id))

    def _pair(self, system: System, source: RegisteredInput) -> _Pair:
        key = (source.key, system.key)
        if key not in self._pairs:
            identity = RunIdentity(self.engine.run_key(system, source), self._dagster_run_id)
            self._recorder.run_started(identity, source, system, self._launch)
            steps = self._todo(system, source)
            self._pairs[key] = _Pair(identity, steps, set(steps))
        return self._pairs[key]

    def _todo(self, system: System, source: RegisteredInput) -> set[str]:
        """Names of the steps that this run does for an input under a system."""
        planned = [step.name for step in system.all_steps if step.name in self._planned]
        return {name for name in planned if self.engine.wants(system, source, name)}

    def close(self) -> None:
        """Record how the run ended for each input and system it touched and that is not over."""
        if self._overlap is not None:
            self._overlap.stop()
        for (input_key, system_key), pair in self._pairs.items():
            self._end(input_key, system_key, pair)

    def _end(self, input_key: str, system_key: str, pair: _Pair) -> None:
        if not pair.ended:
            pair.ended = True
            status, error = pair.status, pair.error
            if status == "canceled" and (stop := stop_of(self.engine.lab, self._dagster_run_id)):
                error = str(stop)
            self._recorder.run_ended(pair.identity, status, error)
            emit(RunEnded(input_key, system_key, status, error), pair.identity)


def _nothing_to_do(system: System, planned: Set[str]) -> UsageError:
    return UsageError(
        f"{system.key} has none of the steps that this run is for",
        found=", ".join(sorted(planned)),
        allowed=f"steps of {system.key}: {', '.join(step.name for step in system.all_steps)}",
    )


def _nothing_known(system: System, source: RegisteredInput, planned: Set[str]) -> UsageError:
    scorers = [one for one in system.scorers if one.name in planned]
    what = "; ".join(read.what for one in scorers for read in one.definition.outside if read.required)
    return UsageError(
        f"there is nothing to hold the results of {source.name} against",
        found=f"no {what} for {', '.join(one.name for one in scorers)}",
        hint="Make a dataset of it with its reference: modellab datasets create --help",
    )


def _planned_steps(run: dg.DagsterRun, instance: dg.DagsterInstance) -> set[str]:
    """The assets that a run is going to make: each is named like its step."""
    if run.execution_plan_snapshot_id is None:
        raise RuntimeError("the engine serves Dagster runs only")
    plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    return {
        output.properties.asset_key.to_user_string()
        for step in plan.steps
        if step.key in plan.step_keys_to_execute
        for output in step.outputs
        if output.properties and output.properties.asset_key
    }


def most_runs(instance: dg.DagsterInstance) -> int:
    """How many runs may be at work at once, as `dagster.yaml` says; below zero, any number."""
    queue = instance.get_concurrency_config().run_queue_config
    return queue.max_concurrent_runs if queue is not None else -1


GPU_POOL = "gpu"


def most_on_gpu(instance: dg.DagsterInstance) -> int:
    """How many steps may work on the GPU at once, as Dagster's settings say: the limit of the pool `gpu`, else
    that of every pool in `dagster.yaml`, else one."""
    limits = {one.name: one.limit for one in instance.event_log_storage.get_pool_limits()}
    default = instance.get_concurrency_config().pool_config.default_pool_limit
    return limits.get(GPU_POOL, 1 if default is None else default)


def device_pool(
    lab: Lab, most_on_gpu: int, waits: Callable[[int], None]
) -> Callable[[str], AbstractContextManager[None]]:
    """What a step enters with the kind of device that its model runs on: on a GPU it takes one of the lab's slots."""
    return lambda device: gpu_slot(lab, most_on_gpu, waits) if device == "cuda" else nullcontext()


class EngineResource(dg.ConfigurableResource[Any]):
    """Runs steps. Set up once per run, and closed when the run ends, however it ends short of being killed."""

    devices: dg.ResourceDependency[DevicesResource]
    models: dg.ResourceDependency[ModelsResource]
    artifacts: dg.ResourceDependency[ArtifactsResource]
    warehouse: dg.ResourceDependency[WarehouseResource]
    selection: dg.ResourceDependency[SelectionResource]
    _session: RunSession = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["EngineResource"]:
        run, instance = context.run, context.instance
        if run is None or instance is None:
            raise RuntimeError("the engine serves Dagster runs only")
        launch = launch_of(run, instance)
        lab, most = self.devices.lab(), most_runs(instance)
        if own_process(run) is None:
            ProcessMark(lab, run.run_id)  # by which `end_interrupted_runs` tells whether it lives
        recorder = self.warehouse.recorder()
        pool = device_pool(lab, most_on_gpu(instance), self._say_waiting_for_gpu)
        engine = Engine(lab, self.models.models(), self.artifacts.store(), recorder, pool)
        self._session = RunSession(
            engine,
            recorder,
            InputStore(lab),
            resolve=self.resolve,
            dagster_run_id=run.run_id,
            planned=_planned_steps(run, instance),
            launch=launch,
            asked=self.selection.pairs(),
        )
        models = done_aside(lambda: recorder.models(self.models.registry()), "modellab-records-models")
        with run_slot(lab, most, self._say_waiting), recorded_events(lab, run.run_id), models:
            try:
                yield self
            finally:
                self._session.close()

    @staticmethod
    def _say_waiting(most: int) -> None:
        _log.info("%d runs are at work, as many as there may be: this one waits", most)

    @staticmethod
    def _say_waiting_for_gpu(most: int) -> None:
        _log.info("%d steps work on the GPU, as many as there may be: this one waits", most)

    def resolve(self, key: str) -> System:
        """The system of a key."""
        return resolve_system(key, self.models.registry())

    @property
    def session(self) -> RunSession:
        return self._session
