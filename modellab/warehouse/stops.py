"""Who stopped a run: written down before it is stopped, so that whoever records its end can say so.

That may be the run's own process, the one that stopped it, or, when both were killed, the next build.
"""

import json
import platform
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from modellab.errors import TextRefused
from modellab.files import write_atomic
from modellab.outside import read_json
from modellab.processes import user_name
from modellab.settings import Lab
from modellab.wall_clock import stamp

_KEPT_S = 30 * 24 * 3600.0
"""Longer than a lab goes without a build."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody wants a run to end."""

    by: str
    """In words that follow "stopped by"."""
    at: str
    """ISO 8601, UTC."""

    def __str__(self) -> str:
        return f"stopped by {self.by}"


def note_stop(lab: Lab, dagster_run_id: str, by: str) -> Stop:
    """Write down that a run is about to be stopped; returns who was first to want so."""
    if found := stop_of(lab, dagster_run_id):
        return found
    stop = Stop(by, stamp())
    path = _path(lab, dagster_run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(asdict(stop)))
    return stop


def stop_of(lab: Lab, dagster_run_id: str) -> Stop | None:
    """Who stopped a run; None when nobody said that they did."""
    try:
        return Stop(**read_json(_path(lab, dagster_run_id)))
    except (OSError, TextRefused, TypeError):
        return None


def account() -> str:
    """Who this process works for, as far as the machine knows."""
    return f"{user_name() or 'an account without a name'} on {platform.node()}"


def remove_old_stops(lab: Lab) -> None:
    """Delete what was said of runs that ended long ago: their records have it."""
    before = time.time() - _KEPT_S
    for path in (lab.home / "stopped").glob("*.json"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()


def _path(lab: Lab, dagster_run_id: str) -> Path:
    return lab.home / "stopped" / f"{Path(dagster_run_id).name}.json"
