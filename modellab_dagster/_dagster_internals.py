"""What this layer takes from Dagster's inside, pinned to 1.13: nothing else here imports its private modules.

Each has a test in `tests/orchestration/test_dagster_internals.py` that fails should an upgrade change what it means.
"""

from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.events import RunFailureReason
from dagster._core.execution.api import execute_run
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import LaunchRunContext
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

__all__ = [
    "INTERRUPTED",
    "SQLITE_BUSY_TIMEOUT_SECONDS",
    "ConfigurableClassData",
    "DagsterSqliteStorage",
    "InMemoryJob",
    "InstanceRef",
    "LaunchRunContext",
    "NoOpComputeLogManager",
    "RegisteredCodeLocationOrigin",
    "RemoteJobOrigin",
    "RemoteRepositoryOrigin",
    "SqliteEventLogStorage",
    "execute_run",
]

INTERRUPTED = RunFailureReason.UNEXPECTED_TERMINATION
"""Why a run failed that a signal ended without anybody having asked Dagster to cancel it."""
