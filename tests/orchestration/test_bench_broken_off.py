"""A bench that is killed, or whose disk fills: what was done is kept, and the next one goes on from there."""

import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from modellab.artifacts.store import ArtifactStore
from modellab.cli import bench_progress
from modellab.cli.main import main
from modellab.pipeline.events import Event, StepEnded
from modellab.settings import PROJECT_ROOT, Lab
from modellab.warehouse.query import query
from modellab_dagster.command import open_launcher

GENEROUS_S = 120.0


@pytest.fixture(scope="module")
def killing() -> Iterator[ModuleType]:
    """`benchmarks/kill.py`."""
    spec = importlib.util.spec_from_file_location("kill", PROJECT_ROOT / "benchmarks" / "kill.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module


def test_what_a_killed_bench_made_is_kept_and_not_made_twice(
    lab: Lab, killing: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = killing.make_dataset(lab.home, 1, 2.0)
    command = ["bench", "--dataset", dataset, "--models", "silero_vad"]
    process = killing.start(command, lab.home)
    deadline = time.monotonic() + GENEROUS_S
    while len(killing.made(lab)) < killing.CLIPS + 2:  # of ingest all, of speech two
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    killing.kill(process, with_children=True)
    kept = killing.made(lab)
    for artifact in ArtifactStore(lab.artifacts).all():
        artifact.verify()
    assert main([*command, "--json"], open_launcher) == 0
    document = json.loads(capsys.readouterr().out)
    assert killing.is_complete(document)
    assert document["systems"][0]["metrics"]["detection_error"]["n"] == killing.CLIPS
    now = killing.made(lab)
    assert {path: now.get(path) for path in kept} == kept
    assert len(now) == 3 * killing.CLIPS
    assert killing.check_whole(lab)["artifacts"] == len(now)


class _Full(bench_progress.Watching):
    """Fills the disk at a moment."""

    disk: Path
    moment: str

    def enrolled(self, outcome, of):  # type: ignore[no-untyped-def]
        super().enrolled(outcome, of)
        self._fill_at("enrolled")

    def observe(self, event: Event) -> None:
        super().observe(event)
        if isinstance(event, StepEnded):
            self._fill_at(f"after {event.record.step}")

    def _fill_at(self, moment: str) -> None:
        if moment != self.moment or (self.disk / "filler").exists():
            return
        with (self.disk / "filler").open("ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue


@pytest.mark.parametrize(("moment", "least"), [("enrolled", 0), ("after vad", 2)])
def test_a_disk_that_fills_during_a_bench_is_named_and_the_next_one_goes_on(
    small_disk: Callable[[str], Path],
    killing: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    moment: str,
    least: int,
) -> None:
    disk = small_disk("size=60m")
    monkeypatch.setenv("MODELLAB_HOME", str(disk / "home"))
    command = ["bench", "--dataset", "vad_smoke_v1", "--models", "silero_vad"]
    with monkeypatch.context() as filling:
        filling.setattr(_Full, "disk", disk, raising=False)
        filling.setattr(_Full, "moment", moment, raising=False)
        filling.setattr(bench_progress, "Watching", _Full)
        assert main(command, open_launcher) == 1
    said = capsys.readouterr().err.rstrip().splitlines()
    assert said[-1].startswith(f"✗ {disk / 'home'} is on a disk that is full; found ")
    assert said[-1].endswith("What was finished is kept: the same command goes on from there.")
    assert not [line for line in said if "sqlalche.me" in line]
    lab = Lab.from_environment()
    kept = killing.made(lab)
    assert len(kept) >= least
    (disk / "filler").unlink()
    assert main([*command, "--json"], open_launcher) == 0
    document = json.loads(capsys.readouterr().out)
    assert killing.is_complete(document)
    now = killing.made(lab)
    assert {path: now.get(path) for path in kept} == kept
    assert query(lab, killing.MADE_TWICE).rows == []
    assert killing.check_whole(lab)["artifacts"] == 3 * document["cases"]
