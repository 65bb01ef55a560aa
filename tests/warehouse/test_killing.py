"""Processes that record and build, several at once and killed at random moments: nothing is lost, doubled or half."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb

from modellab.artifacts.store import ArtifactStore
from modellab.settings import Lab
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query

_PROCESS = Path(__file__).with_name("recording_process.py")
_KILLS = 24
_LONGEST_LIFE_STEPS = 10
"""With three builds: some lives are cut within a step, some within a build, whatever the machine's speed."""


_ARTIFACTS_WITHOUT_THEIR_SEGMENTS = """
    SELECT fingerprint, count(segments.fingerprint) AS n FROM artifacts LEFT JOIN segments USING (fingerprint)
    GROUP BY ALL HAVING n != 3
"""


@contextmanager
def _recording_process(lab: Lab) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(_PROCESS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "MODELLAB_HOME": str(lab.home)},
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _ask(process: subprocess.Popen[str], prefix: str, steps: int) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{prefix} {steps}\n")


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _lines_until_dead(process: subprocess.Popen[str]) -> list[str]:
    return list(iter(lambda: _line(process), "dead"))


def test_killing_at_any_moment_loses_doubles_and_halves_nothing(lab: Lab, life: ModuleType, content: Any) -> None:
    dice = random.Random(20260301)
    acknowledged: list[str] = []
    with _recording_process(lab) as process:
        _ask(process, "whole", _LONGEST_LIFE_STEPS)
        _line(process)
        began = time.monotonic()
        acknowledged += _lines_until_dead(process)
        longest_life_s = time.monotonic() - began
        for round_number in range(_KILLS):
            _ask(process, f"r{round_number}", 1000)
            child = int(_line(process).removeprefix("pid "))
            time.sleep(dice.uniform(0, longest_life_s))
            os.kill(child, signal.SIGKILL)
            acknowledged += _lines_until_dead(process)
            if round_number % 8 == 7:
                _assert_whole(lab, acknowledged, life.SEGMENTS_PER_ARTIFACT)
    # Enough for the lives to have been cut at many places.
    assert len(acknowledged) > _LONGEST_LIFE_STEPS + _KILLS // 4
    built = content(lab)
    report = rebuild(lab)
    assert (report.problems, report.set_aside) == ([], [])
    assert content(lab) == built


def _assert_whole(lab: Lab, acknowledged: list[str], segments: int) -> None:
    report = build(lab)
    assert (report.problems, report.set_aside) == ([], [])
    rows = [name for (name,) in query(lab, "SELECT id FROM steps").rows]
    assert len(rows) == len(set(rows))
    assert set(acknowledged) <= set(rows)
    made = list(ArtifactStore(lab.artifacts).all("vad"))
    for artifact in made:
        artifact.verify()
    by_artifact = query(lab, "SELECT fingerprint, count(*) FROM segments GROUP BY ALL").rows
    assert sorted(by_artifact) == sorted((artifact.fingerprint, segments) for artifact in made)
    with duckdb.connect() as connection:
        for file in Lake(lab.lake).files():
            connection.execute("SELECT count(*) FROM read_parquet(?)", [str(file.path)]).fetchall()


def test_three_processes_at_once_lose_nothing_and_readers_always_see_a_whole_database(
    lab: Lab, life: ModuleType, content: Any
) -> None:
    steps = 30
    build(lab)
    seen: list[int] = []
    whole: list[bool] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append(query(lab, "SELECT count(*) FROM artifacts").rows[0][0])
            assert query(lab, _ARTIFACTS_WITHOUT_THEIR_SEGMENTS).rows == []
            whole.append(True)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with _recording_process(lab) as a, _recording_process(lab) as b, _recording_process(lab) as c:
            for name, process in (("a", a), ("b", b), ("c", c)):
                _ask(process, name, steps)
            done = [_lines_until_dead(process)[1:] for process in (a, b, c)]
    finally:
        stop.set()
        reader.join()
    assert [len(names) for names in done] == [steps] * 3
    build(lab)
    assert {row[0] for row in content(lab)["steps"]} == {name for names in done for name in names}
    assert [len(content(lab)[table]) for table in ("steps", "artifacts", "segments")] == [90, 90, 270]
    assert seen == sorted(seen) and len(seen) > 2
    assert len(whole) == len(seen)
