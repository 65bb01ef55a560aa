"""Memory of this process: its peak, and what the garbage collector goes through."""

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_MEMINFO = Path("/proc/meminfo")
_OWN_CGROUP, _CGROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
_counted: set[int] = set()
"""Processes whose memory counts as this one's."""
_RESET_PEAK = "5"
"""Written to `clear_refs`, it sets the peak resident size back to the present one (proc(5))."""


def release_memory() -> None:
    """Give what was freed back to the system, where the C library can (glibc).

    It keeps what threads freed in pieces: an hour of diarization would come to hold gigabytes of it.
    """
    if _trim is not None:
        _trim(0)


def reset_peak(*, release: bool = True) -> None:
    """Start a new peak, where the system can (Linux); elsewhere the peak since the process began stays.

    Args:
        release: give back first what was freed before, or it counts as the next one's. Whoever takes it again at once
            pays for it: the system clears every page.
    """
    if release:
        release_memory()
    for clear_refs in (_CLEAR_REFS, *(Path(f"/proc/{process}/clear_refs") for process in _counted)):
        try:
            clear_refs.write_text(_RESET_PEAK)
        except OSError:
            continue


def peak_mib() -> float:
    """Highest resident memory since `reset_peak`, in MiB; that of counted processes included (Linux)."""
    own = _high_water_mib(_STATUS)
    if own is not None:
        return own + sum(_high_water_mib(Path(f"/proc/{process}/status")) or 0.0 for process in _counted)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def count_in(process: int) -> None:
    """Let the memory of a process, such as a model's, count as this one's from now on."""
    _counted.add(process)


def count_out(process: int) -> None:
    """Undo `count_in`: the process has ended."""
    _counted.discard(process)


def _high_water_mib(status: Path) -> float | None:
    try:
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def available_bytes() -> int | None:
    """Memory that this process can still take without anything being swapped out; None where that can't be told.

    The machine's, or what is left of the limit of the control group (a container's, say) where that is less.
    """
    found = [figure for figure in (_machine_available(), _group_available()) if figure is not None]
    return min(found) if found else None


def _machine_available() -> int | None:
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _group_available() -> int | None:
    """What the tightest control group (v2) leaves; its page cache counts as free."""
    try:
        [own] = [line[3:] for line in _OWN_CGROUP.read_text().splitlines() if line.startswith("0::")]
    except (OSError, ValueError):
        return None
    group = _CGROUPS / own.strip("/")
    left: list[int] = []
    for folder in (group, *group.parents):
        if not folder.is_relative_to(_CGROUPS):
            break
        try:
            limit = (folder / "memory.max").read_text().strip()
            if limit != "max":
                cached = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                used = int((folder / "memory.current").read_text()) - int(cached.get("inactive_file", 0))
                left.append(max(0, int(limit) - used))
        except (OSError, ValueError):
            continue
    return min(left, default=None)


@contextmanager
def gc_frozen() -> Iterator[None]:
    """Let the block make objects that the garbage collector neither goes through meanwhile nor ever after.

    For imports and models being loaded: hundreds of thousands of objects that stay. Going through them time and again
    takes a quarter of the time that importing pyannote.audio takes, and half a second of the steps that follow.
    `collect_garbage` finds those that are of no use after all.
    """
    was_on = gc.isenabled()
    gc.collect()  # or what nobody refers to would stay too
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def collect_garbage() -> None:
    """Let go of everything that nobody refers to, also of what was made to stay."""
    gc.unfreeze()
    gc.collect()
