"""The lab's own `dagster.yaml`: it is its user's, and what Model Lab needs of it is said where it is missing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modellab.errors import TextRefused
from modellab.outside import read_yaml
from modellab.settings import PROJECT_ROOT, Lab

SETTINGS = "dagster.yaml"
SHIPPED = PROJECT_ROOT / SETTINGS
"""What a new lab begins with."""
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
        for need in (_run_monitoring(found), _loggers(found))
        if need
    ]


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
