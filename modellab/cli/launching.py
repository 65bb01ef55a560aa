"""What commands run pipelines with, and stop runs with: what was handed in, else what is installed.

The library knows none (its own imports no Dagster): what launches or stops says so in its package's metadata, as an
entry point.
"""

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from modellab.runs.launching import OpenLauncher
    from modellab.runs.stopping import OpenStopper

LAUNCHERS, STOPPERS = "modellab.launchers", "modellab.stoppers"
"""Entry points: functions that open the launcher, and the stopper, of a lab."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What a program that has the command line in it runs and stops runs with; None: what is installed."""

    launcher: "OpenLauncher | None" = None
    stopper: "OpenStopper | None" = None


def launcher_of(context: typer.Context) -> "OpenLauncher":
    """What makes the launcher.

    Raises:
        UsageError: this command line was started without one, and none is installed.
    """
    handed_in: OpenLauncher = _handed_in(context).launcher or _installed(LAUNCHERS, "run pipelines with", "launchers")
    return handed_in


def stopper_of(context: typer.Context) -> "OpenStopper":
    """What makes the stopper; raises as `launcher_of`."""
    handed_in: OpenStopper = _handed_in(context).stopper or _installed(STOPPERS, "stop runs with", "stoppers")
    return handed_in


def _handed_in(context: typer.Context) -> HandedIn:
    return context.obj if context.obj is not None else HandedIn()


def _installed(group: str, purpose: str, called: str) -> Any:
    from modellab.errors import UsageError

    installed = list(entry_points(group=group))
    if len(installed) != 1:
        raise UsageError(
            f"this command line has nothing to {purpose}",
            found=f"{len(installed)} installed {called} (entry points {group})",
            allowed="1",
            hint="If that is 0, the installation is of an earlier version: pip install -e .",
        )
    return installed[0].load()
