"""Everything the code location offers, put together."""

import dagster as dg

from assets.arsenal import arsenal
from assets.audit import audit_report
from assets.catalogue import ASSETS
from assets.promotions import PROMOTIONS_ASSET
from assets.regression import regression
from assets.warehouse import warehouse
from modellab.redaction import guard_logs
from modellab_dagster.alerts import alerts
from modellab_dagster.decisions import DECISION_JOBS, QUARANTINE_ASSET
from modellab_dagster.experiment import experiment_job, sweep_job
from modellab_dagster.inbox import any_steps, audio_drops, inbox_job
from modellab_dagster.interrupted import dead_runs
from modellab_dagster.jobs import JOBS
from modellab_dagster.offer import SYSTEMS_ASSET
from modellab_dagster.schedules import SCHEDULED_JOBS, SCHEDULES, audit_job
from modellab_dagster.sensors import partitions_on_offer
from resources.artifacts import ArtifactsResource
from resources.database import DatabaseResource
from resources.devices import DevicesResource
from resources.engine import EngineResource
from resources.models import ModelsResource
from resources.selection import SelectionResource
from resources.warehouse import WarehouseResource

guard_logs()  # here, since every process that runs steps imports this: Dagster keeps what they print

EXECUTOR = dg.in_process_executor.configured(
    # A step starts when the outputs it needs are there, though the step that gave them then names failed partitions.
    {"step_dependency_config": {"require_upstream_step_success": False}}
)
"""All steps of a run in one process: each model is loaded once, and a step starts in milliseconds."""


def lab_resources(engine: type[EngineResource] = EngineResource) -> dict[str, object]:
    """The resources of the steps, by key."""
    devices = DevicesResource.configure_at_launch()
    models = ModelsResource(devices=devices)
    artifacts = ArtifactsResource(devices=devices)
    warehouse = WarehouseResource(devices=devices)
    selection = SelectionResource.configure_at_launch()
    return {
        "database": DatabaseResource(devices=devices),
        "devices": devices,
        "models": models,
        "artifacts": artifacts,
        "warehouse": warehouse,
        "selection": selection,
        "engine": engine(devices=devices, models=models, artifacts=artifacts, warehouse=warehouse, selection=selection),
    }


defs = dg.Definitions(
    assets=[*ASSETS, regression, warehouse, arsenal, audit_report, SYSTEMS_ASSET, PROMOTIONS_ASSET, QUARANTINE_ASSET],
    jobs=[*JOBS, any_steps, inbox_job, experiment_job, sweep_job, audit_job, *DECISION_JOBS, *SCHEDULED_JOBS],
    schedules=SCHEDULES,
    sensors=[partitions_on_offer, dead_runs, audio_drops, alerts],
    resources=lab_resources(),
    executor=EXECUTOR,
)
