"""Registering partitions: the inputs and systems that the UI offers."""

from collections.abc import Iterable

import dagster as dg

from assets.partitions import INPUTS, SYSTEMS
from modellab.inputs.store import InputStore
from modellab.settings import Lab


def known_inputs(lab: Lab) -> list[str]:
    """Keys of every registered recording. Texts have no step yet that reads them."""
    return [source.key for source in InputStore(lab).all() if source.kind == "media"]


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
