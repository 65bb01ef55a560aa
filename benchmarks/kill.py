"""Kill `modellab run` or `modellab bench` at random moments and see that nothing is lost, half-written or made twice.

    python benchmarks/kill.py --times 20
    python benchmarks/kill.py --times 20 --bench silero_vad deepfilternet

Each round runs the meeting pipeline on a recording it has not seen, or measures systems on a dataset it has not seen,
in a process of its own, and kills that process (SIGKILL) after a random share of the time a whole one takes: in every
second round with its children, in the others these must end by themselves. The same command runs again and must
complete, and what the killed one had made must be as it was. At the end every artifact is compared with its manifest,
every Parquet file is read, no result may be recorded as made twice, and the database is compared with one rebuilt from
the artifacts alone.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import soundfile
import yaml

from modellab.artifacts.store import ArtifactStore
from modellab.files import sha256_file
from modellab.media.sample import sample_path
from modellab.settings import Lab
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import query

MODELLAB = Path(sys.executable).with_name("modellab")
CLIPS = 8
"""Recordings of a dataset."""
PATIENCE_S = 60.0
"""After which a model's process must have noticed that nobody asks it any more."""
MADE_TWICE = """
SELECT fingerprint, count(*) FROM steps
WHERE status = 'completed' AND NOT cached GROUP BY fingerprint HAVING count(*) > 1
"""


def make_recording(folder: Path, number: int, seconds: float) -> Path:
    """A stretch of the sample that no other number gives: bytes the lab has not seen."""
    samples, rate = soundfile.read(sample_path(), dtype="float32")
    start = number * 1_600 % (len(samples) - int(seconds * rate))
    path = folder / f"recording-{number}.wav"
    soundfile.write(path, np.ascontiguousarray(samples[start : start + int(seconds * rate)]), rate)
    return path


def make_dataset(home: Path, number: int, seconds: float) -> str:
    """A dataset of recordings that the lab has not seen, each said to be clean speech throughout; gives its id."""
    name = f"killed-{number}"
    place = home / "datasets" / name
    place.mkdir(parents=True)
    cases = []
    for clip in range(CLIPS):
        path = make_recording(place, number * CLIPS + clip, seconds)
        sound = {"file": path.name, "sha256": sha256_file(path)}
        known = {"speech": [[0.0, seconds]], "clean": sound}
        cases.append({"id": f"c{clip}", "source": sound, "reference": known})
    about = {"id": name, "version": "1", "description": "Clips.", "licence": "MIT", "tasks": ["vad", "enhance"]}
    (place / "dataset.yaml").write_text(yaml.safe_dump({**about, "language": "en", "cases": cases}))
    return name


def start(command: Sequence[str | Path], home: Path) -> subprocess.Popen[str]:
    """A command of `modellab` in a process group of its own."""
    return subprocess.Popen(
        [MODELLAB, *command, "--json"],
        env={**os.environ, "MODELLAB_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], what: str) -> None:
    """Wait for a command that must succeed."""
    out, err = process.communicate()
    if process.returncode != 0 or not is_complete(json.loads(out)):
        raise SystemExit(f"{what} did not complete (exit code {process.returncode}):\n{out}\n{err}")


def is_complete(document: dict[str, Any]) -> bool:
    """Whether all that was asked for is there: a run's recording, or every case of every system of a bench."""
    if "inputs" in document:
        return bool(document["inputs"][0]["status"] == "completed")
    return all(one["cases"] == document["cases"] and not one["failed"] for one in document["systems"])


def kill(process: subprocess.Popen[str], *, with_children: bool) -> None:
    """Kill a command as a machine that goes down does; without its children, these must notice and end."""
    children = descendants(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    for child in children if with_children else ():
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + PATIENCE_S
    while alive := [child for child in children if state_and_parent(child)[0] not in ("Z", "X", "")]:
        if time.monotonic() > deadline:
            raise SystemExit(f"processes of a killed command go on: {alive}")
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and those that these did."""
    every = {int(path.name): state_and_parent(int(path.name))[1] for path in Path("/proc").glob("[0-9]*")}
    found = [child for child, parent in every.items() if parent == pid]
    return [one for child in found for one in (child, *descendants(child))]


def state_and_parent(pid: int) -> tuple[str, int]:
    """A process's state, as in `man proc_pid_stat`, and its parent; nothing and 0 where it is gone."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    return state, int(parent)


def made(lab: Lab) -> dict[Path, tuple[int, int]]:
    """Manifest of each artifact -> which file it is, and when it was written."""
    found = lab.artifacts.glob("*/*/*/manifest.json")
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def content(lab: Lab) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in a fixed order."""
    tables = query(lab, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")
    return {str(name): sorted(query(lab, f'SELECT * FROM "{name}"').rows, key=repr) for (name,) in tables.rows}


def check_whole(lab: Lab) -> dict[str, int]:
    """Verify artifacts, lake and database; returns how many of each were looked at."""
    artifacts = list(ArtifactStore(lab.artifacts).all())
    for artifact in artifacts:
        artifact.verify()
    files = sorted(lab.lake.glob("*/*.parquet"))
    for path in files:
        duckdb.sql(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()
    build(lab)
    if twice := query(lab, MADE_TWICE).rows:
        raise SystemExit(f"results were made twice: {twice}")
    before = content(lab)
    rebuild(lab)
    after = content(lab)
    if before != after:
        different = [name for name in before if before[name] != after.get(name)]
        raise SystemExit(f"the rebuilt database differs in {different}")
    return {"artifacts": len(artifacts), "lake_files": len(files), "rows": sum(map(len, after.values()))}


def main() -> None:
    """Run the rounds and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each recording")
    parser.add_argument("--pipeline", default="meeting")
    parser.add_argument("--bench", nargs="+", metavar="SYSTEM", help="measure these on datasets, in place of running")
    arguments = parser.parse_args()
    randomness = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = folder / "home"
        os.environ["MODELLAB_HOME"] = str(home)
        lab = Lab.from_environment()

        def command(number: int) -> list[str | Path]:
            if arguments.bench:
                dataset = make_dataset(home, number, arguments.seconds)
                return ["bench", "--dataset", dataset, "--models", ",".join(arguments.bench)]
            recording = make_recording(folder, number, arguments.seconds)
            return ["run", recording, "--pipeline", arguments.pipeline]

        started = time.monotonic()
        finish(start(command(0), home), "the first one")
        whole_s = time.monotonic() - started
        killed = 0
        for number in range(1, arguments.times + 1):
            asked = command(number)
            delay_s = randomness.uniform(0.05, 1.0) * whole_s
            earlier = len(made(lab))
            process = start(asked, home)
            try:
                process.communicate(timeout=delay_s)
            except subprocess.TimeoutExpired:
                kill(process, with_children=number % 2 == 0)
                killed += 1
            kept = made(lab)
            finish(start(asked, home), f"the one after kill {number} ({delay_s:.1f} s)")
            now = made(lab)
            if changed := [str(path) for path, facts in kept.items() if now.get(path) != facts]:
                raise SystemExit(f"what was made before kill {number} was made again: {changed}")
            said = f"killed after {delay_s:.1f} s with {len(kept) - earlier} of {len(now) - earlier} results made"
            print(f"{number}/{arguments.times}: {said}, then completed", file=sys.stderr)
        print(json.dumps({"rounds": arguments.times, "killed": killed, **check_whole(lab)}))


if __name__ == "__main__":
    main()
