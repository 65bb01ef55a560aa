"""The launcher that commands run pipelines with: the one handed in, else the one that is installed.

The library knows none (its own imports no Dagster): what launches says so in its package's metadata, as an entry point.
"""

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from modellab.runs.launching import OpenLauncher

LAUNCHERS = "modellab.launchers"
"""Entry points: functions that open the launcher of a lab."""


def launcher_of(context: typer.Context) -> "OpenLauncher":
    """What makes the launcher.

    Raises:
        UsageError: this command line was started without one, and none is installed.
    """
    from modellab.errors import UsageError

    if context.obj is not None:
        handed_in: OpenLauncher = context.obj
        return handed_in
    installed = list(entry_points(group=LAUNCHERS))
    if len(installed) != 1:
        raise UsageError(
            "this command line has nothing to run pipelines with",
            found=f"{len(installed)} installed launchers (entry points {LAUNCHERS})",
            allowed="1",
            hint="If that is 0, the installation is of an earlier version: pip install -e .",
        )
    found: OpenLauncher = installed[0].load()
    return found
