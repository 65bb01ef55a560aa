"""The lab's Dagster home: its settings, its storage, and an instance on it."""

from pathlib import Path

import dagster as dg
from filelock import FileLock

from modellab.files import write_atomic
from modellab.settings import PROJECT_ROOT, Lab
from modellab.upkeep.dagster_settings import SHIPPED, is_outdated, settings_file
from modellab_dagster._dagster_internals import DagsterSqliteStorage, InstanceRef, NoOpComputeLogManager
from modellab_dagster.storage import KeptSqliteStorage

WORKSPACE = PROJECT_ROOT / "workspace.yaml"
_LOCK = ".opening.lock"


def prepare_home(lab: Lab) -> Path:
    """Make `DAGSTER_HOME` with the settings that a lab begins with; returns its path.

    Settings that are there stay, unless they are what an earlier version began with.
    """
    lab.dagster_home.mkdir(parents=True, exist_ok=True)
    settings = settings_file(lab)
    if not settings.exists() or is_outdated(settings):
        write_atomic(settings, SHIPPED.read_bytes())
    return lab.dagster_home


def open_instance(lab: Lab, *, runs_here: bool = False) -> dg.DagsterInstance:
    """The instance of the lab's Dagster home; dispose of it, or use it as a context manager.

    Args:
        runs_here: this process runs pipelines itself, and shows on its own output how they go: an event log in SQLite
            is kept open, and what runs print is not captured as Dagster's compute logs.
    """
    home = prepare_home(lab)
    reference = InstanceRef.from_dir(str(home))
    if runs_here:
        reference = InstanceRef.from_dir(str(home), overrides=_overrides(reference))
    # Two processes that open a new home at once would both create its tables.
    with FileLock(home / _LOCK):
        return dg.DagsterInstance.from_ref(reference)


def _overrides(reference: InstanceRef) -> dict[str, object]:
    """Other classes than the settings name: for what runs print, and for storage where that is SQLite."""
    overrides: dict[str, object] = {
        "compute_logs": {
            "module": NoOpComputeLogManager.__module__,
            "class": NoOpComputeLogManager.__name__,
        }
    }
    storage = reference.storage_data
    if storage and storage.class_name == DagsterSqliteStorage.__name__:
        kept = {"module": KeptSqliteStorage.__module__, "class": KeptSqliteStorage.__name__}
        overrides["storage"] = {"custom": {**kept, "config": storage.config_dict}}
    return overrides
