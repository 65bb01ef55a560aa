"""A step over the partitions of a run, so that one bad input neither loses nor blocks another.

- Which partitions the run is for its tags say (`assets.run_partitions`), not Dagster's context.
- Each good partition is recorded as materialised as soon as it is done, by name; the only one of a run in Dagster's own
  way, by a result, where Dagster takes the run to be for that one too.
- With many partitions and a model two hands do the work (`resources.overlap`): this thread the models', one beside it
  all else, also what is recorded here.
- Then the step gives its output all the same, so that the steps downstream start (the executor waits for outputs, not
  for success: `modellab_dagster.definitions`), marked not to materialise anything, since Dagster would record every
  partition. Of each partition they find out themselves whether they can do without what is missing.
- Then it raises `Failure` naming the bad ones: the run fails, and exactly what was not materialised reads as failed.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg

from assets import partitions
from assets._checks import Check, Verdict, as_record
from assets._dagster_internals import OBSERVED, plan_partition
from assets._progress import ProgressLog
from assets._versions import Versions, newest_materialization
from assets.partitions import INPUTS, SYSTEMS, input_and_system, partition_key
from assets.run_partitions import dagster_agrees, partitions_of_run
from modellab.errors import LabError, StepFailed, UsageError
from modellab.pipeline.events import Event, StepProgressed, observed_by
from resources.engine import Outcome, RunSession, StepResult
from resources.overlap import Task
from resources.tags import FILE_TAG, FORCE_TAG, file_tag

Page = Callable[[StepResult], Mapping[str, Any]]
"""What the UI shows of one result: metadata by name."""
StepEvent = dg.Output[None] | dg.MaterializeResult[None] | dg.AssetMaterialization | dg.AssetCheckEvaluation

_NAMED_FAILURES = 20
"""A step's error names so many failed partitions; its metadata lists them all."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Done:
    """What is recorded of one good partition."""

    fingerprint: str
    page: Mapping[str, Any]
    verdicts: Mapping[Check, Verdict]


class PartitionLoop:
    """One step, over all partitions of one run.

    Args:
        page: what the UI shows of a result.
        checks: asked of every result.
        steps: names of all steps there are, in pipeline order.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        session: RunSession,
        page: Page,
        checks: Sequence[Check],
        steps: Sequence[str],
    ) -> None:
        self._context, self._session, self._page, self._steps = context, session, page, steps
        self._step = context.asset_key.to_user_string()
        selected = {key.name for key in context.selected_asset_check_keys}
        self._checks = [check for check in checks if check.name in selected]
        self._tags = context.run.tags
        self._force = self._tags.get(FORCE_TAG, "").lower() == "true"
        self._failed: dict[str, LabError] = {}
        self._doubted: set[str] = set()
        """Checks that failed for some partition, where Dagster keeps one verdict of each for the run."""

    @cached_property
    def _keys(self) -> list[dg.MultiPartitionKey]:
        """What the run is for."""
        if self._session.asked:
            return [partition_key(*pair) for pair in self._session.asked]
        try:
            keys = partitions_of_run(self._tags, self._context.instance)
        except UsageError as error:
            self._session.refuse(error)
            raise dg.Failure(error.page(), allow_retries=False) from None
        return sorted(keys, key=lambda key: input_and_system(key)[0])

    def _pairs(self, step: str) -> list[tuple[str, str]]:
        """Input and system of each partition, in the order in which a step does them: all systems with the same model
        one after the other, so that it is loaded once; inputs as they come."""
        pairs = map(input_and_system, self._keys)
        return sorted(pairs, key=lambda pair: (self._session.model_of(step, pair[1]), pair[1]))

    @cached_property
    def _versions(self) -> Versions:
        return Versions(self._context, self._keys)

    def events(self) -> Iterator[StepEvent]:
        """What the asset yields.

        Raises:
            Failure: naming every partition that failed.
        """
        keys = self._keys
        self._name_files()
        alone = len(keys) == 1 and dagster_agrees(self._tags, keys[0])
        materialized = False
        if overlap := self._session.overlap(self._steps, self._pairs):
            overlap.through(self._step, self._run, self._record)
        else:
            for pair in self._pairs(self._step):
                task = Task(self._step, *pair)
                for event in self._recorded(task, self._run(task, False), alone=alone):
                    materialized = True
                    yield event
        # What was refused for every partition is refused once: nothing is there for the steps downstream to look at.
        if self._session.begun and not (alone and materialized):
            yield from self._outputs_without_materialization()
        if self._failed:
            raise self._failure(len(keys))

    def _record(self, task: Task, outcome: Outcome) -> None:
        """Record what came of a partition, beside a model's work on another: at once, not when Dagster asks again."""
        for event in self._recorded(task, outcome, alone=False):
            self._context.log_event(event)

    def _recorded(self, task: Task, outcome: Outcome, *, alone: bool) -> Iterator[StepEvent]:
        """What Dagster is to record of a partition, once the lab has it."""
        key = partition_key(task.input, task.system)
        done = self._done(key, outcome)
        if self._session.begun:
            self._make_known()
        if done:
            yield from self._materialize_alone(done) if alone else self._materialize_one(key, done)
        elif key in self._failed and self._session.asked:
            plan_partition(self._context, key)
        self._session.step_finished(task.step, task.input, task.system)

    def _name_files(self) -> None:
        """Say by a tag which files the run is for, whoever launched it; once."""
        if self._session.named:
            return
        self._session.named = True
        names = file_tag(self._session.file_name(input_and_system(key)[0]) for key in self._keys)
        if self._tags.get(FILE_TAG) != names:
            self._context.instance.add_run_tags(self._context.run.run_id, {FILE_TAG: names})

    def _make_known(self) -> None:
        """Register those inputs and systems with Dagster that exist but were never on offer: it takes no others."""
        while self._unknown:
            definition, key = self._unknown.pop()
            self._context.instance.add_dynamic_partitions(definition.name or "", [key])

    @cached_property
    def _unknown(self) -> list[tuple[dg.DynamicPartitionsDefinition, str]]:
        wanted = zip((INPUTS, SYSTEMS), map(set, zip(*map(input_and_system, self._keys), strict=True)), strict=True)
        return [
            (definition, key)
            for definition, keys in wanted
            for key in keys - set(self._context.instance.get_dynamic_partitions(definition.name or ""))
        ]

    def _run(self, task: Task, beside: bool) -> Outcome:
        """Run any step of the run for a partition, or find its result.

        Args:
            beside: a model works on another one meanwhile.
        """
        log = ProgressLog(self._context.log.info, self._session.file_name(task.input))
        with observed_by(lambda event: log(event) if _is_about(event, task) else None):
            try:
                return self._session.run_step(task.step, task.input, task.system, force=self._force, beside=beside)
            except Exception as error:
                return error

    def _done(self, key: str, outcome: Outcome) -> _Done | None:
        """What is recorded of a partition; None when it failed, or its system has no such step."""
        if isinstance(outcome, LabError):
            self._failed[key] = outcome
        elif isinstance(outcome, Exception):
            self._odd(key, self._step, outcome)
        return self._shown(key, outcome) if isinstance(outcome, StepResult) else None

    def _shown(self, key: str, result: StepResult) -> _Done | None:
        """What the UI shows of a result; None when its page or a check can't be made of it."""
        what = f"the checks of {self._step}"
        try:
            verdicts = {}
            for check in self._checks:
                what = f"the check {check.name} of {self._step}"
                verdicts[check] = check.judge(result)
            what = f"what the checks of {self._step} say"
            result.engine.judged(result.record, [as_record(check, verdict) for check, verdict in verdicts.items()])
            what = f"the page of {self._step}"
            return _Done(result.artifact.fingerprint, self._page(result), verdicts)
        except Exception as error:
            self._odd(key, what, error)
        return None

    def _odd(self, key: str, what: str, error: Exception) -> None:
        """What nobody thought of in one partition fails that one, here and in the lab's records, and no other."""
        _log.error("%s for %s failed", what, key, exc_info=error)
        said = str(error).rstrip(".") if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
        self._failed[key] = StepFailed(f"{what} failed: {said}")
        self._session.failed(self._step, *input_and_system(key), self._failed[key])

    def _materialize_alone(self, done: _Done) -> Iterator[StepEvent]:
        yield dg.MaterializeResult(
            metadata=done.page,
            data_version=dg.DataVersion(done.fingerprint),
            check_results=[
                dg.AssetCheckResult(
                    check_name=check.name,
                    passed=verdict.passed,
                    description=verdict.description,
                    metadata=verdict.metadata,
                    severity=check.severity,
                )
                for check, verdict in done.verdicts.items()
            ],
        )

    def _materialize_one(self, key: str, done: _Done) -> Iterator[StepEvent]:
        asset_key = self._context.asset_key
        tags = self._versions.tags(key, done.fingerprint)
        yield dg.AssetMaterialization(asset_key, partition=key, metadata=done.page, tags=tags)
        target = newest_materialization(self._context, key)
        by_partition = partitions.CHECK_PARTITIONS is not None
        source = self._session.file_name(input_and_system(key)[0])
        for check, verdict in done.verdicts.items():
            # What failed is not hidden by the recordings after it.
            if not by_partition and verdict.passed and check.name in self._doubted:
                continue
            if not verdict.passed:
                self._doubted.add(check.name)
            yield dg.AssetCheckEvaluation(
                asset_key=asset_key,
                check_name=check.name,
                passed=verdict.passed,
                description=verdict.description if by_partition else f"{source}: {verdict.description}",
                metadata=verdict.metadata,
                severity=check.severity,
                partition=key if by_partition else None,
                target_materialization_data=target,
            )

    def _outputs_without_materialization(self) -> Iterator[dg.Output[None]]:
        """Outputs that let the steps downstream start and record nothing.

        Dagster has no documented way to say which of a run's partitions an output materialises.
        """
        for name in self._context.op_execution_context.selected_output_names:
            yield dg.Output(None, output_name=name, metadata={OBSERVED: True})

    def _failure(self, partitions: int) -> dg.Failure:
        if partitions == 1:
            [error] = self._failed.values()
            return dg.Failure(error.page(), allow_retries=False)
        lines = [f"{key}: {error.page()}" for key, error in self._failed.items()]
        more = len(lines) - _NAMED_FAILURES
        return dg.Failure(
            "\n".join(
                [
                    f"{len(lines)} of {partitions} partitions failed; the others are done.",
                    *lines[:_NAMED_FAILURES],
                    *([f"and {more} more"] if more > 0 else []),
                ]
            ),
            metadata={"failed": dg.MetadataValue.json({key: str(error) for key, error in self._failed.items()})},
            allow_retries=False,
        )


def _is_about(event: Event, task: Task) -> bool:
    return isinstance(event, StepProgressed) and (event.step, event.input, event.system) == (
        task.step,
        task.input,
        task.system,
    )
