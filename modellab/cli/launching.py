"""The launcher that the program hands to those commands that run pipelines."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from modellab.runs.launching import OpenLauncher


def launcher_of(context: typer.Context) -> "OpenLauncher":
    """What makes the launcher.

    Raises:
        UsageError: this command line was started without one.
    """
    from modellab.errors import UsageError

    if context.obj is None:
        raise UsageError(
            "this command line has nothing to run pipelines with",
            allowed="the program `modellab`, or modellab_dagster.command.main",
            hint="If this is the program, its installation is of an earlier version: pip install -e .",
        )
    found: OpenLauncher = context.obj
    return found
