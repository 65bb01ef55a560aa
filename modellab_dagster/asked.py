"""Inputs under systems as one Dagster run, whoever starts it: its job, its assets, its configuration and its tags."""

from collections.abc import Sequence, Set

import dagster as dg

from assets.partitions import INPUTS, PARTITIONS, SYSTEMS, partition_key
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.system import System
from modellab.settings import Lab
from modellab.steps.outside import has_work
from modellab_dagster.jobs import job_of
from resources.tags import DEFER_TAG, FILE_TAG, RANGE_END_TAG, RANGE_START_TAG, file_tag


class Asked:
    """What a run is to be for: every input under every system.

    Args:
        systems: at least one, each once.
        sources: likewise.
        only: names of the steps and scorers that run; None: all that have work.
    """

    def __init__(
        self, lab: Lab, systems: Sequence[System], sources: Sequence[RegisteredInput], only: Set[str] | None = None
    ) -> None:
        self._inputs, self._systems = [source.key for source in sources], [system.key for system in systems]
        jobs = {job_of(system) for system in systems}
        self.job = jobs.pop() if len(jobs) == 1 else None
        """Of the systems' template, where they have one; else some job that has every step."""
        # Scorers are left out where they have nothing to do: a step that only looks costs Dagster as much as any.
        self.selection = frozenset(
            dg.AssetKey(step.name)
            for system in systems
            for step in system.all_steps
            if (only is None or step.name in only)
            and (step in system.steps or any(has_work(step, source, lab) for source in sources))
        )
        """The assets that it makes."""
        self._files = file_tag(source.name for source in sources)

    @property
    def config(self) -> dict[str, object]:
        """The run's configuration: what it is for, unless that is a single partition."""
        if self._alone:
            return {}
        return {"resources": {"selection": {"config": {"inputs": self._inputs, "systems": self._systems}}}}

    def tags(self, instance: dg.DagsterInstance) -> dict[str, str]:
        """The run's tags: its partitions, the names of its files, and how Dagster is to plan it.

        Of many partitions it would plan all assets and checks for all, also those that a system does not have, and keep
        all partitions' names with each plan of a check: 130 MB for 45 recordings and 6 systems.
        """
        defer = {} if self._alone else {DEFER_TAG: "true"}
        return {**self._partition_tags(instance), FILE_TAG: self._files, **defer}

    @property
    def _alone(self) -> bool:
        return len(self._inputs) == len(self._systems) == 1

    def _partition_tags(self, instance: dg.DagsterInstance) -> dict[str, str]:
        """What the run is for, as Dagster can say it: one partition, or a rectangle in its own order.

        It wants a run of its partitioned assets to name some. Where they are no rectangle it gets the first one, and
        the configuration says which all of them are (`SelectionResource`).
        """
        inputs, systems = self._inputs, self._systems
        ends = [_ends(INPUTS, inputs, instance), _ends(SYSTEMS, systems, instance)]
        if self._alone or not all(ends):
            return dict(PARTITIONS.get_tags_for_partition_key(partition_key(inputs[0], systems[0])))
        first, last = (partition_key(source, system) for source, system in zip(*ends, strict=True))
        return {RANGE_START_TAG: first, RANGE_END_TAG: last}


def _ends(definition: dg.DynamicPartitionsDefinition, keys: Sequence[str], instance: dg.DagsterInstance) -> list[str]:
    """The first and the last of `keys` in Dagster's order; empty when others lie between them."""
    known = instance.get_dynamic_partitions(definition.name or "")
    wanted = set(keys)
    places = [place for place, key in enumerate(known) if key in wanted]
    return [known[places[0]], known[places[-1]]] if places[-1] - places[0] + 1 == len(wanted) else []
