"""What Model Lab costs on top of its models: `modellab run` against the same model calls in one bare process.

    python benchmarks/overhead.py RECORDING [RECORDING ...] --rounds 3

Both start cold, in turn, and the ratio is taken pair by pair, so a machine whose speed drifts does not decide. Each
run of Model Lab has a fresh home: nothing is cached but the weights that are assembled once after installing. Memory is
the highest resident size of the process.
"""

import argparse
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from modellab.pipeline.system import resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings

MODELLAB = Path(sys.executable).with_name("modellab")
BARE = Path(__file__).with_name("bare.py")


@dataclass(frozen=True, slots=True)
class Measured:
    """One finished process."""

    wall_s: float
    cpu_s: float
    """Processor time, of its children too."""
    peak_mib: float


def timed(command: list[str], environment: dict[str, str]) -> Measured:
    """Run a command to its end; its output is shown only when it fails."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            raise SystemExit(f"{command} failed:\n{output.read().decode()}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def write_requests(system_key: str, home: Path, path: Path) -> None:
    """Pickle what the bare process needs to make the pipeline's own model calls."""
    registry = ModelRegistry()
    models = Models(Lab(Settings(home=home)), registry)
    system = resolve_system(system_key, registry)
    wanted = {
        step.name: (models.request(step.model), step.parameters.model_dump(exclude_none=True))
        for step in system.steps
        if step.model
    }
    chapters = system.step("chapters")
    embedder = models.request(chapters.helpers["embedder"]) if chapters else None
    path.write_bytes(pickle.dumps((wanted, embedder)))


def measure(recording: Path, system_key: str, rounds: int, warmup: int, folder: Path) -> dict[str, object]:
    """Both sides in turn, `rounds` times after `warmup` rounds that are not counted."""
    warm = folder / "warm"
    requests = folder / "requests.pickle"
    write_requests(system_key, warm, requests)
    pairs: list[tuple[Measured, Measured]] = []
    for number in range(warmup + rounds):
        bare = timed([sys.executable, str(BARE), str(requests), str(recording)], {})
        home = folder / f"home-{number}"
        shutil.copytree(warm / "weights", home / "weights", copy_function=os.link)
        lab = timed([str(MODELLAB), "run", str(recording), "--pipeline", system_key], {"MODELLAB_HOME": str(home)})
        shutil.rmtree(home)
        if number >= warmup:
            pairs.append((bare, lab))
    return {
        "recording": recording.name,
        "bare_s": statistics.median(bare.wall_s for bare, _ in pairs),
        "modellab_s": statistics.median(lab.wall_s for _, lab in pairs),
        "ratios": [round(lab.wall_s / bare.wall_s, 3) for bare, lab in pairs],
        "ratio": statistics.median(lab.wall_s / bare.wall_s for bare, lab in pairs),
        "cpu_ratio": round(statistics.median(lab.cpu_s / bare.cpu_s for bare, lab in pairs), 3),
        "bare_peak_mib": max(bare.peak_mib for bare, _ in pairs),
        "modellab_peak_mib": max(lab.peak_mib for _, lab in pairs),
    }


def main() -> None:
    """Measure every recording and print a table, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=1, help="rounds not counted, before the others")
    parser.add_argument("--pipeline", default="meeting")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        results = [
            measure(path.resolve(), arguments.pipeline, arguments.rounds, arguments.warmup, Path(folder))
            for path in arguments.recordings
        ]
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    table = Table("recording", "bare s", "modellab s", "ratio", "bare MiB", "modellab MiB")
    for row in results:
        numbers = [row["bare_s"], row["modellab_s"], row["ratio"], row["bare_peak_mib"], row["modellab_peak_mib"]]
        formats = ["{:.1f}", "{:.1f}", "{:.3f}", "{:.0f}", "{:.0f}"]
        table.add_row(
            str(row["recording"]), *(text.format(value) for text, value in zip(formats, numbers, strict=True))
        )
    Console().print(table)


if __name__ == "__main__":
    main()
