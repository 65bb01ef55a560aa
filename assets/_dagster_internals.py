"""What the assets take from Dagster's inside, pinned to 1.13: nothing else here imports its private modules.

Each has a test in `tests/orchestration/test_dagster_internals.py` that fails should an upgrade change what it means.
"""

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as CheckTarget,
)
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION as OBSERVED
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent

__all__ = [
    "CODE_VERSION_TAG",
    "DATA_VERSION_IS_USER_PROVIDED_TAG",
    "DATA_VERSION_TAG",
    "DEFAULT_DATA_VERSION",
    "NULL_EVENT_POINTER",
    "OBSERVED",
    "CheckTarget",
    "get_input_data_version_tag",
    "get_input_event_pointer_tag",
    "plan_partition",
]


def plan_partition(context: dg.AssetExecutionContext, partition: str) -> None:
    """Say that a run was to materialise a partition, where its tags don't: one that failed then reads as such."""
    planned = DagsterEvent.build_asset_materialization_planned_event(
        context.run.job_name,
        context.op_execution_context.get_step_execution_context().step.key,
        AssetMaterializationPlannedData(context.asset_key, partition=partition),
    )
    context.instance.report_dagster_event(planned, context.run.run_id)
