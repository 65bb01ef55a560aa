"""Whether a disk will take what is to be written to it, asked before the work starts."""

import uuid
from pathlib import Path

from modellab.errors import StorageError
from modellab.trouble import as_lab_error, free_space, megabytes

MARGIN_BYTES = 32 << 20
"""Left free beside what a run is known to write: the database's working copy, Dagster's history, a small result."""
HOME = "MODELLAB_HOME"


def require_writable(folder: Path) -> None:
    """Make a folder, if it is not there, and a file in it.

    Raises:
        StorageError: that can't be done: what is in the way, and what to do.
    """
    probe = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        # The folder is what people know, not the probe.
        raise as_lab_error(OSError(error.errno, error.strerror), folder) from error


def require_space(folder: Path, needed_bytes: int, what: str, variable: str = HOME) -> None:
    """Refuse before it is begun what the disk can't hold.

    Args:
        folder: on the disk in question; need not exist yet.
        needed_bytes: what will be written, without `MARGIN_BYTES`.
        what: who needs it, such as `talk.wav`.
        variable: names the folder, and may name another.

    Raises:
        StorageError: there is less free.
    """
    free = free_space(folder)
    if free is not None and free < needed_bytes + MARGIN_BYTES:
        raise StorageError(
            f"{what} needs {megabytes(needed_bytes + MARGIN_BYTES)} on the disk of {folder}",
            found=f"{megabytes(free)} free",
            hint=f"Free some space there, or let {variable} name a folder on a larger disk.",
        )
