"""The lab's Dagster home: its settings, its storage, and an instance on it."""

from contextlib import suppress
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from filelock import FileLock

from modellab.files import write_atomic
from modellab.settings import PROJECT_ROOT, Lab

SETTINGS = "dagster.yaml"
WORKSPACE = PROJECT_ROOT / "workspace.yaml"
_LOCK = ".opening.lock"


def prepare_home(lab: Lab) -> Path:
    """Make `DAGSTER_HOME`, with the project's settings in it; returns its path."""
    home = lab.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    settings = (PROJECT_ROOT / SETTINGS).read_bytes()
    present = b""
    with suppress(FileNotFoundError):
        present = (home / SETTINGS).read_bytes()
    if present != settings:
        write_atomic(home / SETTINGS, settings)
    return home


def open_instance(lab: Lab, *, runs_here: bool = False) -> dg.DagsterInstance:
    """The instance of the lab's Dagster home; dispose of it, or use it as a context manager.

    Args:
        runs_here: this process runs pipelines itself, and shows on its own output how they go: the event log is kept
            open, and what runs print is not captured as Dagster's compute logs.
    """
    home = prepare_home(lab)
    reference = InstanceRef.from_dir(str(home), overrides=_overrides(home) if runs_here else None)
    # Two processes that open a new home at once would both create its tables.
    with FileLock(home / _LOCK):
        return dg.DagsterInstance.from_ref(reference)


def _overrides(home: Path) -> dict[str, object]:
    return {
        "event_log_storage": {
            "module": "modellab_dagster.storage",
            "class": "KeptSqliteEventLogStorage",
            # Where Dagster itself puts it.
            "config": {"base_dir": str(home / "history" / "runs")},
        },
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
    }
