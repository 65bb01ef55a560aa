"""Steps that pipelines leave out, as Dagster is to see them.

Before a launch the UI looks for assets that the chosen ones could read, that are not chosen themselves and that were
never materialised, and warns that the launch "may fail because the upstream assets ... have not been materialized yet".
Every pipeline leaves out steps that its others can do without, so in a new lab it would warn at every launch, wrongly:
what is read in place of a step that is left out is nothing, and nothing is always there. That is recorded once, of no
partition, until the step has a result of its own; no partition reads as materialised for it.
"""

from collections.abc import Mapping, Set

import dagster as dg

from modellab.steps.catalogue import can_fill, get_step

_SAID = "What pipelines without this step read in its place: nothing. It has no result of its own yet."


def left_out(steps_by_job: Mapping[str, Set[str]]) -> list[str]:
    """The steps that some job's steps could read and that the job leaves out, by name."""
    return sorted(
        {
            name
            for steps in steps_by_job.values()
            for step in steps
            for read in get_step(step).reads
            for name in can_fill(read, get_step(step))
            if name not in steps
        }
    )


def nothing_yet(instance: dg.DagsterInstance, steps_by_job: Mapping[str, Set[str]]) -> list[dg.AssetMaterialization]:
    """The event for each step that is left out somewhere and was never materialised; report them."""
    keys = [dg.AssetKey(name) for name in left_out(steps_by_job)]
    known = {
        record.asset_entry.asset_key
        for record in instance.get_asset_records(keys)
        if record.asset_entry.last_materialization_record
    }
    return [dg.AssetMaterialization(key, description=_SAID) for key in keys if key not in known]
