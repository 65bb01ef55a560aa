"""What killed processes leave half-written in a lab's home, and taking it away: at the next start or build."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from modellab.files import STAGING, remove_abandoned
from modellab.settings import Lab

_TEMPORARY = ".*.tmp"


def remove_leftovers(lab: Lab, *, everywhere: bool = False) -> int:
    """Delete half-written files and folders of dead processes; returns how many. What a living one works on stays.

    Args:
        everywhere: look into every folder, not only into those that are written these days.
    """
    return remove_abandoned(list(leftovers(lab, everywhere=everywhere)))


def leftovers(lab: Lab, *, everywhere: bool = False) -> Iterator[Path]:
    """Half-written files and folders, those of living processes too. Arguments as `remove_leftovers`."""
    roots = (lab.artifacts, lab.inputs, lab.environments, lab.datasets)
    staged = chain.from_iterable((root / STAGING).glob("*") for root in roots)
    if everywhere:
        folders = chain(
            *((lab.home,), lab.inputs.glob("*/"), lab.lake.glob("*/"), lab.records.glob("*/*/")),
            *(lab.references.glob("*/"), lab.references.glob("documents/*/"), lab.datasets.glob("*/")),
        )
    else:
        now = datetime.now(UTC)
        days = [f"{now - timedelta(days=back):%Y%m%d}" for back in range(2)]
        folders = chain(
            (lab.home,), lab.lake.glob("*/"), chain.from_iterable(lab.records.glob(f"*/{day}/") for day in days)
        )
    single = (lab.names, lab.pipelines, lab.inboxes, lab.dagster_home, lab.inputs, lab.events)
    # A working copy of the database has a lock of its own: the builder's.
    files = chain.from_iterable(folder.glob(_TEMPORARY) for folder in chain(folders, single))
    return chain(staged, (path for path in files if not path.name.startswith(f".{lab.database.name}.")))
