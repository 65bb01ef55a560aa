"""Registering partitions: the inputs and systems that the UI offers."""

from collections.abc import Iterable

import dagster as dg

from assets.partitions import INPUTS, SYSTEMS
from modellab.inputs.keys import digits_of
from modellab.inputs.store import InputStore
from modellab.settings import Lab


def missing_inputs(instance: dg.DagsterInstance, lab: Lab) -> list[str]:
    """Keys of registered recordings that Dagster does not know yet, in order of name.

    Only their descriptions are read: of ten thousand recordings all are known but the newest.
    """
    known = {digits for key in instance.get_dynamic_partitions(INPUTS.name or "") if (digits := digits_of(key))}
    return sorted(source.key for source in InputStore(lab).all(besides=known) if source.kind == "media")


def missing(instance: dg.DagsterInstance, definition: dg.DynamicPartitionsDefinition, keys: Iterable[str]) -> list[str]:
    """Those of `keys` that Dagster does not know yet, in order of name."""
    return sorted(set(keys) - set(instance.get_dynamic_partitions(definition.name or "")))


def register_partitions(
    instance: dg.DagsterInstance, *, inputs: Iterable[str] = (), systems: Iterable[str] = ()
) -> None:
    """Make keys known to Dagster; those it knows stay as they are."""
    for definition, keys in ((INPUTS, inputs), (SYSTEMS, systems)):
        if new := missing(instance, definition, keys):
            instance.add_dynamic_partitions(definition.name or "", new)
