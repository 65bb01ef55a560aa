"""Memory of this process: its peak, and the garbage collector's pauses."""

import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"
"""Written to `clear_refs`, it sets the peak resident size back to the present one (proc(5))."""


def reset_peak() -> None:
    """Start a new peak, where the system can (Linux); elsewhere the peak since the process began stays."""
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
    except OSError:
        return


def peak_mib() -> float:
    """Highest resident memory since `reset_peak`, in MiB."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let the block make objects without the garbage collector going through all of them time and again.

    For imports and models being loaded, whose objects stay anyway: importing pyannote.audio takes a quarter less time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
