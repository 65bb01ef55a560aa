"""Keeping a lab's home in order: what killed processes left behind goes, the database is brought up to date, and what
the lab keeps is read to see whether it is still what was made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modellab.artifacts.store import ArtifactStore
from modellab.errors import InputDamaged
from modellab.files import SET_ASIDE
from modellab.inputs.registered import check_copy
from modellab.inputs.store import InputStore
from modellab.leftovers import remove_leftovers
from modellab.pipeline.event_file import remove_old_events
from modellab.settings import Lab
from modellab.warehouse.builder import BuildReport, build
from modellab.warehouse.stops import remove_old_stops

Progress = Callable[[float], None]
_NIGHTS = 7
"""Results are many times what recordings are: each is read once in so many nights."""


@dataclass(frozen=True, slots=True)
class UpkeepReport:
    """What was done."""

    removed_folders: int
    """Half-written files and folders of processes that are dead."""
    build: BuildReport
    damaged_inputs: dict[str, str]
    """Key of each input whose copy is not what was registered -> what is wrong and what to do."""
    damaged_results: dict[str, str]
    """`<step>/<fingerprint>` of each result looked at tonight that is not what was made -> the same."""


def upkeep(lab: Lab) -> UpkeepReport:
    """Remove half-written folders nobody works on any more, bring new rows into the database, read every input and the
    results whose turn it is."""
    removed = remove_leftovers(lab, everywhere=True)
    remove_old_events(lab)
    remove_old_stops(lab)
    damaged = damaged_results(lab, tonight(ArtifactStore(lab.artifacts).places(), datetime.now(UTC)))
    return UpkeepReport(removed, build(lab), dict(damaged_inputs(lab)), dict(damaged))


def damaged_inputs(lab: Lab, progress: Progress = lambda share: None) -> Iterator[tuple[str, str]]:
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


def damaged_results(
    lab: Lab, places: Sequence[Path] | None = None, progress: Progress = lambda share: None
) -> Iterator[tuple[str, str]]:
    """`<step>/<fingerprint>` of each result whose bytes are not those that were made, and why; it is moved aside.

    Args:
        places: folders of results; all of them by default.
        progress: told which share of the results has been read.
    """
    store = ArtifactStore(lab.artifacts)
    places = store.places() if places is None else places
    for done, place in enumerate(places, start=1):
        name = f"{place.parent.parent.name}/{place.name}"
        try:
            if damage := store.check(place):
                yield (
                    name,
                    f"{damage}. It was moved to {lab.home / SET_ASIDE}; the next run that needs it makes it again.",
                )
        except OSError as error:
            yield name, f"{place} can't be read: {error.strerror or error}. Look at the disk and at its permissions."
        progress(done / len(places))


def tonight(places: Sequence[Path], when: datetime) -> list[Path]:
    """Those of the results whose turn it is: a seventh of them, by their fingerprints, so that a week sees all."""
    return [place for place in places if int(place.parent.name, 16) % _NIGHTS == when.toordinal() % _NIGHTS]
