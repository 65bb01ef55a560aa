"""The program `modellab`: the command line, with the launcher that runs pipelines as Dagster runs."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modellab.cli.main import main as command_line

if TYPE_CHECKING:
    from modellab.runs.launching import RunLauncher
    from modellab.runs.stopping import RunStopper
    from modellab.settings import Lab


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see `modellab.cli.main.main`."""
    return command_line(arguments, open_launcher, open_stopper)


def open_launcher(lab: "Lab") -> "RunLauncher":
    """The launcher of a lab. Imports Dagster and every step, which takes seconds."""
    from modellab.memory import gc_frozen

    with gc_frozen():
        from modellab_dagster.launch import Launcher

    return Launcher(lab)


def open_stopper(lab: "Lab") -> "RunStopper":
    """The stopper of a lab. Imports Dagster, and no step."""
    from modellab_dagster.stopper import Stopper

    return Stopper(lab)


if __name__ == "__main__":  # as a child of a Dagster run: `resources.program`
    from modellab_dagster.server import end_with_parent

    if sys.platform == "linux":
        end_with_parent()
    main()
