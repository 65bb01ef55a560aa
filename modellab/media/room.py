"""Whether there is room for a recording, asked before the work starts."""

import shutil
from pathlib import Path

from modellab import memory
from modellab.errors import StepFailed
from modellab.media.spool import Spool

_DISK_SHARE = 1.5
"""Of the samples' own bytes: they and the FLAC made of them lie side by side for a while."""
_MEMORY_SHARE = 2.5
"""An operator may hold the recording twice, and what it needs to tell loud from silent."""
_LEAST_DISK_BYTES = 16 << 20


def check_room(folder: Path, *, samples: int, in_memory: bool) -> None:
    """Make sure that a recording fits on the disk, and into memory where it has to.

    Args:
        folder: where it is written.
        samples: of all channels together.
        in_memory: whether all of it is held at once.

    Raises:
        StepFailed: it does not.
    """
    size = samples * Spool.BYTES_PER_SAMPLE
    needed, free = round(size * _DISK_SHARE) + _LEAST_DISK_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise StepFailed(
            "there is too little room on the disk for this recording",
            found=f"{_gib(free)} free at {folder}",
            allowed=f"{_gib(needed)} or more",
            hint="Free some space there, or let MODELLAB_HOME name a folder on a larger disk.",
        )
    available = memory.available_bytes() if in_memory else None
    needed = round(size * _MEMORY_SHARE)
    if available is not None and available < needed:
        raise StepFailed(
            "there is too little memory for preprocessing operators on this recording",
            found=f"{_gib(available)} available",
            allowed=f"{_gib(needed)} or more",
            hint="Leave out trim_silence, normalize_loudness and operators: without them ingest needs little memory. "
            "Or set a lower ingest.sample_rate_hz.",
        )


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.2f} GiB"
