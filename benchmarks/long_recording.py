"""A recording of hours through a pipeline: peak memory, time of each step, and how long progress ever stands still.

    python benchmarks/long_recording.py DATA [--hours 2] [--pipeline meeting] [--json]

The recording is made from the English speech and meetings in DATA, one after the other in a seeded order until it is
long enough. It runs in a process of its own with a fresh home; so does the 30 s sample before it, which shows what the
models and packages take by themselves. What the long one takes beyond that is the recording's.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

from modellab.media.decode import decode
from modellab.media.sample import sample_path

SAMPLE_RATE_HZ = 16_000
SEED = 0
CORPORA = ("en-long-sales-call", "en-long-ljspeech", "crafted-conversation", "meeting-ami", "en-librispeech")


def make_recording(data: Path, hours: float, target: Path) -> None:
    """Write a mono FLAC of that length, a file at a time: memory holds one of them."""
    with (data / "files.csv").open(newline="", encoding="utf-8") as table:
        names = sorted(
            row["file"]
            for row in csv.DictReader(table)
            if row["file"].split("/")[0] in CORPORA and row["file"].endswith((".flac", ".mp3", ".wav"))
        )
    order = random.Random(SEED)
    left = round(hours * 3600 * SAMPLE_RATE_HZ)
    with soundfile.SoundFile(target, "w", SAMPLE_RATE_HZ, 1) as file:
        while left > 0:
            samples = decode(data / order.choice(names), sample_rate_hz=SAMPLE_RATE_HZ).samples.mean(axis=0)[:left]
            file.write(np.clip(samples, -1.0, 1.0))
            left -= len(samples)


def run_here(recording: Path, pipeline: str) -> dict[str, Any]:
    """Run a pipeline in this process, watching it; the lab is the environment's."""
    from modellab.inputs.store import InputStore
    from modellab.pipeline.events import Event, RunEnded, StepProgressed, StepStarted, observed_by
    from modellab.settings import Lab
    from modellab_dagster.launch import Launcher

    told_at: dict[str, float] = {}
    longest: dict[str, float] = {}

    def watch(event: Event) -> None:
        if isinstance(event, RunEnded):
            return
        now = time.perf_counter()
        step = event.step if isinstance(event, StepStarted | StepProgressed) else event.record.step
        longest[step] = max(longest.get(step, 0.0), now - told_at.get(step, now))
        told_at[step] = now

    lab = Lab.from_environment()
    source = InputStore(lab).register(recording)
    started = time.perf_counter()
    with Launcher(lab) as launcher, observed_by(watch):
        result = launcher.run(pipeline, source)
    if result.error:
        raise SystemExit(f"{pipeline} failed on {recording.name}: {result.error}")
    return {
        "audio_s": source.duration_s,
        "wall_s": time.perf_counter() - started,
        "steps": {
            record.step: {
                "seconds": record.total_s,
                "peak_mib": record.peak_memory_mib,
                "longest_silence_s": longest[record.step],
            }
            for record in result.records
        },
    }


def run_apart(recording: Path, pipeline: str, home: Path) -> dict[str, Any]:
    """The same in a fresh process with a lab of its own."""
    command = [sys.executable, __file__, str(recording), "--pipeline", pipeline, "--here"]
    environment = {**os.environ, "MODELLAB_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the run on {recording.name} failed:\n{done.stderr}")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def peak(measured: dict[str, Any]) -> float:
    """Highest resident memory of any step, MiB."""
    return max(float(step["peak_mib"]) for step in measured["steps"].values())


def main() -> None:
    """Make the recording, run both, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of recordings")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--pipeline", default="meeting")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(run_here(arguments.data, arguments.pipeline)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = folder / "long.flac"
        make_recording(arguments.data, arguments.hours, recording)
        short = run_apart(sample_path(), arguments.pipeline, folder / "short")
        long = run_apart(recording, arguments.pipeline, folder / "long")
    beyond_mib = peak(long) - peak(short)
    if arguments.json:
        print(json.dumps({"short": short, "long": long, "beyond_mib": beyond_mib}, indent=1))
        return
    table = Table("step", "seconds", "peak MiB", "peak MiB, 30 s", "longest silence s")
    for step, row in long["steps"].items():
        table.add_row(
            step,
            f"{row['seconds']:.1f}",
            f"{row['peak_mib']:.0f}",
            f"{short['steps'][step]['peak_mib']:.0f}",
            f"{row['longest_silence_s']:.1f}",
        )
    Console().print(table)
    print(
        f"{long['audio_s'] / 3600:.2f} h in {long['wall_s'] / 60:.1f} min; "
        f"peak {peak(long):.0f} MiB, {beyond_mib:.0f} MiB beyond the 30 s sample's"
    )


if __name__ == "__main__":
    main()
