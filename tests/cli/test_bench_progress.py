"""What is said while systems are measured, where nobody watches a terminal."""

import io
from types import SimpleNamespace

from rich.console import Console

from modellab.cli.bench_progress import Watching
from modellab.pipeline.events import RunEnded


def test_each_dataset_of_several_is_counted_by_itself():
    said = io.StringIO()
    outcomes = [
        SimpleNamespace(source=SimpleNamespace(key=f"i{n}"), case=SimpleNamespace(id=f"c{n}"), error=None)
        for n in (1, 2)
    ]
    with Watching(Console(file=said, force_terminal=False, width=80)) as watching:
        for _ in range(2):
            watching.begins(SimpleNamespace(outcomes=outcomes), ["one"])
            for key in ("i1", "i2"):
                watching.observe(
                    RunEnded(input=key, system="one", run="r", dagster_run_id="d", status="completed", error=None)
                )
    lines = [line for line in said.getvalue().splitlines() if "done" in line]
    assert lines == ["1 of 2 runs done", "2 of 2 runs done"] * 2
