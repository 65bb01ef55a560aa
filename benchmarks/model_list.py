"""How long `modellab models list` takes: as it is, and with 200 model folders more; and what it imports.

    python benchmarks/model_list.py

Each is a process of its own, as from a shell, several times; the quickest counts, beside its processor time, which
other work on the machine changes less. Folders are copies of shipped ones under other names.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from modellab.registry.registry import MODELS, ModelRegistry

FOLDERS = 200
TIMES = 7
HEAVY = (
    "torch",
    "transformers",
    "onnxruntime",
    "tensorflow",
    "numpy",
    "scipy",
    "pandas",
    "duckdb",
    "dagster",
    "httpx2",
)
_LIST = "from modellab_dagster.command import main; main(['models', 'list'])"
_IMPORTED = f"import sys\n{_LIST}\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"


def folders(root: Path) -> None:
    """Copies of the shipped models that need no packages of their own, each under a name of its own."""
    shipped = [one for one in ModelRegistry(MODELS).configs() if one.environment == "main" and not one.aliases]
    for number in range(FOLDERS):
        config = shipped[number % len(shipped)]
        place = root / f"{config.id}_{number}"
        shutil.copytree(MODELS / config.id, place, ignore=shutil.ignore_patterns("__pycache__"))
        text = (place / "config.yaml").read_text()
        (place / "config.yaml").write_text(text.replace(f"id: {config.id}\n", f"id: {place.name}\n", 1))
        assert yaml.safe_load((place / "config.yaml").read_text())["id"] == place.name


def measure(env: dict[str, str]) -> tuple[float, float]:
    """The quickest of several: seconds on the clock, and processor time of the same."""
    found = []
    for _ in range(TIMES):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-c", _LIST], env=env, check=True, stdout=subprocess.DEVNULL)
        after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
        found.append((wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return min(found)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        home, more = Path(place) / "home", Path(place) / "models"
        home.mkdir()
        env = {**os.environ, "MODELLAB_HOME": str(home), "MODELLAB_OFFLINE": "true"}
        folders(more)
        for said, given in (("as shipped", env), (f"and {FOLDERS} more", {**env, "MODELLAB_MODELS": str(more)})):
            wall_s, cpu_s = measure(given)
            print(f"{said}: {wall_s:.2f} s, of which the processor {cpu_s:.2f} s")
        asked = [sys.executable, "-c", _IMPORTED]
        told = subprocess.run(asked, env=env, check=True, capture_output=True, text=True).stderr.split()
        print(f"heavy packages imported: {', '.join(sorted(set(HEAVY) & set(told))) or 'none'}")


if __name__ == "__main__":
    main()
