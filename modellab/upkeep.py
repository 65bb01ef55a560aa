"""Keeping a lab's home in order: what killed processes left behind goes, the database is brought up to date."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modellab.errors import InputDamaged
from modellab.leftovers import remove_leftovers
from modellab.media.inputs import InputStore, check_copy
from modellab.settings import Lab
from modellab.warehouse.builder import BuildReport, build


@dataclass(frozen=True, slots=True)
class UpkeepReport:
    """What was done."""

    removed_folders: int
    """Half-written files and folders of processes that are dead."""
    build: BuildReport
    damaged_inputs: dict[str, str]
    """Key of each input whose copy is not what was registered -> what is wrong and what to do."""


def upkeep(lab: Lab) -> UpkeepReport:
    """Remove half-written folders nobody works on any more, bring new rows into the database, read every input."""
    removed = remove_leftovers(lab, everywhere=True)
    report = build(lab)
    return UpkeepReport(removed, report, dict(damaged_inputs(lab)))


def damaged_inputs(lab: Lab, progress: Callable[[float], None] = lambda share: None) -> Iterator[tuple[str, str]]:
    """Key of each input whose copy in the lab is damaged, and what is wrong. Reads all of them.

    Args:
        progress: told which share of their bytes has been read.
    """
    store = InputStore(lab)
    inputs = store.all()
    total, done = sum(source.bytes for source in inputs), 0
    yield from store.unreadable()
    for source in inputs:
        try:
            check_copy(source)
        except InputDamaged as damage:
            yield source.key, str(damage)
        done += source.bytes
        progress(done / total)
