"""Draw `demo.svg`: what `modellab demo` shows, from a real run.

    MODELLAB_HOME=/tmp/lab python docs/images/demo.py

Use a fresh home: a cached run has no speeds to show.
"""

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI

from modellab.cli.console import stderr
from modellab.cli.live import watcher
from modellab.cli.report import print_file
from modellab.media.sample import sample_path
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.batch import Batch
from modellab.settings import Lab
from modellab_dagster.launch import Launcher

COLUMNS = 126
"""Wide enough for the longest line, the path of the pack in a home as short as that above."""


def main() -> None:
    """Run the demo and write the picture beside this file."""
    lab = Lab.from_environment()
    system = resolve_system("meeting", ModelRegistry())
    with watcher(stderr(), system) as watching:
        (outcome,) = Batch(lab, system, Launcher).run([sample_path()], watching)
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, markup=False, highlight=False, emoji=False
    )
    console.print("$ modellab demo", style="bold")
    print_file(console, outcome, lab)
    console.save_svg(str(Path(__file__).with_suffix(".svg")), title="modellab demo", theme=DIMMED_MONOKAI)


if __name__ == "__main__":
    main()
