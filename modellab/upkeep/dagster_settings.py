"""The lab's own `dagster.yaml`: it is its user's, and what Model Lab needs of it is said where it is missing."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modellab.errors import TextRefused
from modellab.outside import read_yaml
from modellab.settings import PROJECT_ROOT, Lab

SETTINGS = "dagster.yaml"
SHIPPED = PROJECT_ROOT / SETTINGS
"""What a new lab begins with."""
SHIPPED_BEFORE = frozenset({"6915ba990387d21b2b406c0827dac7cccf2e9a0d45cf86879a178911d44f614e"})
"""SHA-256 of what earlier labs began with: a copy that nobody changed is brought up to date."""
ONE_AT_A_TIME = "modellab/one_at_a_time"
"""Tag of runs: those with the same value wait for each other."""
_LOGGERS = ("modellab", "assets", "resources")


def settings_file(lab: Lab) -> Path:
    """Where Dagster reads the lab's settings."""
    return lab.dagster_home / SETTINGS


def missing_needs(lab: Lab) -> list[str]:
    """What Model Lab needs and the lab's `dagster.yaml` does not have, each a sentence; none before there is a file."""
    path = settings_file(lab)
    try:
        settings = read_yaml(path)
    except FileNotFoundError:
        return []
    except (TextRefused, OSError) as error:
        return [f"{path} can't be read, and Dagster won't start: {error}"]
    found = settings if isinstance(settings, Mapping) else {}
    return [
        f"{path} differs from {SHIPPED} in what Model Lab needs: {need}"
        for need in (_run_launcher(found), _run_monitoring(found), _one_at_a_time(found), _loggers(found))
        if need
    ]


def is_outdated(settings: Path) -> bool:
    """Whether they are what an earlier version shipped, unchanged."""
    return hashlib.sha256(settings.read_bytes()).hexdigest() in SHIPPED_BEFORE


def _run_launcher(settings: Mapping[str, Any]) -> str:
    if "run_launcher" in settings:
        return ""
    return (
        "without run_launcher, Terminate in the UI leaves a model in the middle of its work alone, and runs of the"
        " command line altogether."
    )


def _one_at_a_time(settings: Mapping[str, Any]) -> str:
    limits = _inside(_inside(settings, "concurrency"), "runs").get("tag_concurrency_limits")
    keys = [limit.get("key") for limit in limits or () if isinstance(limit, Mapping)]
    if ONE_AT_A_TIME in keys:
        return ""
    return f"without {ONE_AT_A_TIME} in tag_concurrency_limits, two regression sweeps may run at once."


def _run_monitoring(settings: Mapping[str, Any]) -> str:
    if _inside(settings, "run_monitoring").get("enabled") is True:
        return ""
    return (
        "without run_monitoring.enabled: true, runs of the UI whose process was killed are shown as running for ever."
    )


def _loggers(settings: Mapping[str, Any]) -> str:
    managed = _inside(settings, "python_logs").get("managed_python_loggers")
    missing = [name for name in _LOGGERS if name not in (managed if isinstance(managed, list) else ())]
    if not missing:
        return ""
    names = ", ".join(missing)
    return f"without {names} in python_logs.managed_python_loggers, what they log is not shown with their runs."


def _inside(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}
