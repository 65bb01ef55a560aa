"""Sensors."""

import hashlib
import json
from collections.abc import Iterable, Set

import dagster as dg

from assets.partitions import INPUTS, SYSTEMS
from assets.promotions import promotions
from modellab.errors import LabError
from modellab.outside import parse_json
from modellab.promotion.ledger import Decision, decisions
from modellab.settings import Lab
from modellab.warehouse.query import query
from modellab_dagster.jobs import STEPS_BY_JOB
from modellab_dagster.left_out import nothing_yet
from modellab_dagster.offer import SYSTEMS_ASSET, Candidate, candidates, overview
from modellab_dagster.partitions import missing, missing_inputs
from resources.models import ModelsResource

_INTERVAL_S = 60
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    description="Offers every registered input, and the pipelines and models that can run here, as partitions; takes"
    " back what no longer can and was never run. Says what is promoted, whenever that changes.",
    minimum_interval_seconds=_INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def partitions_on_offer(context: dg.SensorEvaluationContext, models: ModelsResource) -> dg.SensorResult | dg.SkipReason:
    """Registers what is missing; starts no runs."""
    lab = Lab.from_environment()
    found = candidates(lab, models.models())
    offered = {one.key for one in found if one.on_offer}
    new_inputs = missing_inputs(context.instance, lab)
    new_systems = missing(context.instance, SYSTEMS, offered)
    # An offer of before; without one, what earlier versions offered: everything.
    before = set(parse_json(context.cursor, "the cursor")["offered"]) if context.cursor else {one.key for one in found}
    gone = _to_take_back(context.instance, lab, before - offered)
    page, decided = overview(found, STEPS_BY_JOB), _decided(lab)
    last = decided[-1].id if decided else None
    cursor = json.dumps(
        {
            "offered": sorted(offered | (before & _known(context.instance)) - set(gone)),
            "page": _digest(page),
            "decided": last,
        }
    )
    nothing = nothing_yet(context.instance, STEPS_BY_JOB)
    if cursor == context.cursor and not (new_inputs or new_systems or nothing):
        return dg.SkipReason("Everything that makes sense is on offer.")
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = [
        definition.build_add_request(new) for definition, new in ((INPUTS, new_inputs), (SYSTEMS, new_systems)) if new
    ]
    if gone:
        requests.append(SYSTEMS.build_delete_request(gone))
    told = [promotions(decided, lab.timezone)] if last is not None and last != _told(context.cursor) else []
    return dg.SensorResult(
        dynamic_partitions_requests=requests, cursor=cursor, asset_events=[_systems(found, page), *told, *nothing]
    )


def _decided(lab: Lab) -> list[Decision]:
    try:
        return decisions(lab)
    except LabError:
        return []  # Without the database nobody can say; the next look does.


def _told(cursor: str | None) -> str | None:
    """The decision that was the last one when it was last said what is in use."""
    return parse_json(cursor, "the cursor").get("decided") if cursor else None


def _known(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.get_dynamic_partitions(SYSTEMS.name or ""))


def _to_take_back(instance: dg.DagsterInstance, lab: Lab, keys: Set[str]) -> list[str]:
    """Those of `keys` that Dagster knows and nobody ever ran, when nothing is running that could be about to."""
    known = keys & _known(instance)
    if not known or instance.get_runs_count(dg.RunsFilter(statuses=_UNFINISHED)):
        return []
    try:
        used = {system for (system,) in query(lab, "SELECT DISTINCT system FROM steps").rows}
    except LabError:
        return []  # Without the database nobody can say what was run.
    return sorted(known - used)


def _systems(found: Iterable[Candidate], page: str) -> dg.AssetMaterialization:
    found = list(found)
    return dg.AssetMaterialization(
        SYSTEMS_ASSET.key,
        metadata={
            "systems": dg.MetadataValue.md(page),
            "on offer": sum(one.on_offer for one in found),
            "can't run here": sum(bool(one.missing) for one in found),
        },
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
