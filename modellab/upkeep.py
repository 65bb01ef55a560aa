"""Keeping a lab's home in order: what killed processes left behind goes, the database is brought up to date."""

from dataclasses import dataclass

from modellab.files import remove_stale_staging
from modellab.settings import Lab
from modellab.warehouse.builder import BuildReport, build


@dataclass(frozen=True, slots=True)
class UpkeepReport:
    """What was done."""

    removed_folders: int
    """Half-written folders that were older than a day."""
    build: BuildReport


def upkeep(lab: Lab) -> UpkeepReport:
    """Remove half-written folders nobody works on any more, and bring new rows into the database."""
    removed = sum(remove_stale_staging(root) for root in (lab.artifacts, lab.inputs))
    return UpkeepReport(removed, build(lab))
