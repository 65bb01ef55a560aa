"""The factory that turns a step's definition into a Dagster asset, the same way for every step."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg

from assets import partitions
from assets._checks import Check
from assets._page import step_page
from assets._partition_loop import Page, PartitionLoop, StepEvent
from assets.partitions import PARTITIONS
from modellab.steps.catalogue import can_fill, definitions
from modellab.steps.definition import StepDefinition
from resources.engine import EngineResource

OWNER = "team:speech"


def step_asset(
    step: StepDefinition,
    *,
    group: str,
    kinds: set[str],
    page: Page,
    checks: Sequence[Check] = (),
    steps: Sequence[StepDefinition] = tuple(definitions().values()),
) -> dg.AssetsDefinition:
    """The asset of a step.

    Args:
        step: what runs; the asset has its name and depends on every step that could fill one of its reads.
        group: the group the UI shows it in.
        kinds: at most three labels, those with icons first of all.
        page: what the UI shows of a result, beside what it shows of every step's.
        checks: asked of every result.
        steps: all there are, in pipeline order.
    """

    spec = dg.AssetSpec(
        step.name,
        description=step.description,
        deps=sorted({name for read in step.reads for name in can_fill(read, step, steps)}),
        code_version=step.code_version,
        group_name=group,
        kinds=kinds,
        owners=[OWNER],
        tags={"surface": step.surface} if step.surface else None,
        metadata={"dagster/code_references": _code_references(step, page)},
        # A system may lack the step. What it makes is an artifact: nothing goes through an IO manager.
        skippable=True,
    )

    @dg.multi_asset(
        # Dagster wants the names of jobs and of what they run to differ, and `ingest` is a pipeline too.
        name=f"{step.name}_step",
        specs=[spec],
        check_specs=[
            dg.AssetCheckSpec(
                check.name,
                asset=step.name,
                description=check.description,
                partitions_def=partitions.CHECK_PARTITIONS,
            )
            for check in checks
        ],
        partitions_def=PARTITIONS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        # Of the steps that could start, Dagster takes the first, not the first by name.
        op_tags={"dagster/priority": str(-steps.index(step))},
    )
    def asset(context: dg.AssetExecutionContext, engine: EngineResource) -> Iterator[StepEvent]:
        yield from PartitionLoop(
            context,
            engine.session,
            lambda result: step_page(result, page(result)),
            checks,
            [each.name for each in steps],
        ).events()

    return asset


def _code_references(step: StepDefinition, page: Page) -> dg.CodeReferencesMetadataValue:
    labelled: list[tuple[str, Callable[..., Any]]] = [("what runs", step.run), ("what this page shows", page)]
    return dg.CodeReferencesMetadataValue(
        code_references=[
            dg.LocalFileCodeReference(
                file_path=inspect.getfile(function), line_number=function.__code__.co_firstlineno, label=label
            )
            for label, function in labelled
        ]
    )
