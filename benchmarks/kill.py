"""Kill `modellab run` at random moments and see that nothing is lost or half-written.

    python benchmarks/kill.py --times 20

Each round runs the meeting pipeline on a recording it has not seen in a process of its own, and kills that process
(SIGKILL, with its children) after a random share of the time a whole run takes. The same command runs again and must
complete. At the end every artifact is compared with its manifest, every Parquet file is read, and the database is
compared with one rebuilt from the artifacts alone.
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
from pathlib import Path

import duckdb
import numpy as np
import soundfile

from modellab.artifacts.store import ArtifactStore
from modellab.media.sample import sample_path
from modellab.settings import Lab
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import query

MODELLAB = Path(sys.executable).with_name("modellab")


def make_recording(folder: Path, number: int, seconds: float) -> Path:
    """A stretch of the sample that no other number gives: bytes the lab has not seen."""
    samples, rate = soundfile.read(sample_path(), dtype="float32")
    start = number * 1_600 % (len(samples) - int(seconds * rate))
    path = folder / f"recording-{number}.wav"
    soundfile.write(path, np.ascontiguousarray(samples[start : start + int(seconds * rate)]), rate)
    return path


def start_run(recording: Path, home: Path, options: list[str]) -> subprocess.Popen[str]:
    """`modellab run` in a process group of its own."""
    return subprocess.Popen(
        [MODELLAB, "run", recording, "--json", *options],
        env={**os.environ, "MODELLAB_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], what: str) -> None:
    """Wait for a run that must succeed."""
    out, err = process.communicate()
    if process.returncode != 0 or json.loads(out)["inputs"][0]["status"] != "completed":
        raise SystemExit(f"{what} did not complete (exit code {process.returncode}):\n{out}\n{err}")


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
    arguments = parser.parse_args()
    randomness = random.Random(arguments.seed)
    options = ["--pipeline", arguments.pipeline]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = folder / "home"
        os.environ["MODELLAB_HOME"] = str(home)
        started = time.monotonic()
        finish(start_run(make_recording(folder, 0, arguments.seconds), home, options), "the first run")
        whole_run_s = time.monotonic() - started
        killed = 0
        for number in range(1, arguments.times + 1):
            recording = make_recording(folder, number, arguments.seconds)
            delay_s = randomness.uniform(0.05, 1.0) * whole_run_s
            process = start_run(recording, home, options)
            try:
                process.communicate(timeout=delay_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                killed += 1
            finish(start_run(recording, home, options), f"the run after kill {number} ({delay_s:.1f} s)")
            print(f"{number}/{arguments.times}: killed after {delay_s:.1f} s, then completed", file=sys.stderr)
        print(json.dumps({"rounds": arguments.times, "killed": killed, **check_whole(Lab.from_environment())}))


if __name__ == "__main__":
    main()
