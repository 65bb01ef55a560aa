"""Sensors."""

import dagster as dg

from assets.partitions import INPUTS, SYSTEMS
from modellab.settings import Lab
from modellab_dagster.partitions import known_inputs, known_systems, missing
from resources.models import ModelsResource

_INTERVAL_S = 60


@dg.sensor(
    description="Offers every registered input, template and model as a partition, also those made outside Dagster.",
    minimum_interval_seconds=_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def partitions_on_offer(context: dg.SensorEvaluationContext, models: ModelsResource) -> dg.SensorResult | dg.SkipReason:
    """Registers what is missing; starts no runs."""
    lab = Lab.from_environment()
    new_inputs = missing(context.instance, INPUTS, known_inputs(lab))
    new_systems = missing(context.instance, SYSTEMS, known_systems(lab, models.registry()))
    if not (new_inputs or new_systems):
        return dg.SkipReason("Every input and system is on offer.")
    return dg.SensorResult(
        dynamic_partitions_requests=[
            definition.build_add_request(new)
            for definition, new in ((INPUTS, new_inputs), (SYSTEMS, new_systems))
            if new
        ]
    )
