"""What it costs to know what results depend on: the identities of a pipeline's steps, and listing the inputs.

    python benchmarks/identity.py

A lab of its own is filled with short recordings. Identities are asked for in two ways: all of an input's steps at once,
as whoever looks through a lab does, and step by step, as a run asks, each time as things stand then. Both are measured
before there are any results and with a result for every step (files of a few bytes with manifests like real ones), in a
process that asked before. Times are the quickest of several, in milliseconds; weights are those that are installed.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import soundfile
from quality import made_on  # type: ignore[import-not-found]  # beside this file, which is run as a script

from modellab.artifacts.store import ArtifactStore, describe_files
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.system import System, resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.warehouse.recorder import Recorder

REPEATS = 3
SAMPLE_RATE_HZ = 8_000
CLIP_S = 0.2


def register(store: InputStore, folder: Path, count: int) -> list[RegisteredInput]:
    """So many short recordings of noise, brought into the lab."""
    noise = np.random.default_rng(0)
    registered = []
    for number in range(count):
        path = folder / f"recording {number:04}.wav"
        soundfile.write(path, noise.normal(0, 0.1, round(SAMPLE_RATE_HZ * CLIP_S)), SAMPLE_RATE_HZ, subtype="PCM_16")
        registered.append(store.register(path))
        path.unlink()
    return registered


def make_results(engine: Engine, system: System, source: RegisteredInput) -> None:
    """A result for every step, in order, so that each is of what was there before it."""
    for step in system.steps:
        identities = engine.identities(system, source)
        with engine.store.staging() as folder:
            for number in range(5):
                (folder / f"{step.name}-{number}.json").write_text("{}")
            engine.store.commit(
                step.name,
                identities.fingerprint(step.name),
                folder,
                files=describe_files(folder),
                identity=asdict(identities.of(step.name)),
                summary={f"figure {number}": number / 7 for number in range(10)},
                made={"input": source.key, "run": "0" * 16, "load_s": 0.1, "inference_s": 0.2},
            )


def at_once(engine: Engine, system: System, sources: Sequence[RegisteredInput]) -> None:
    """The identities of all steps, worked out together for each input."""
    for source in sources:
        identities = engine.identities(system, source)
        for step in system.steps:
            identities.fingerprint(step.name)


def step_by_step(engine: Engine, system: System, sources: Sequence[RegisteredInput]) -> None:
    """The identity of each step by itself."""
    for step in system.steps:
        for source in sources:
            engine.identities(system, source).fingerprint(step.name)


def milliseconds(work: Callable[[], object]) -> float:
    """The quickest of several times some work took, after one that is not counted."""
    work()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def measure(system_key: str, many: int, listed: int) -> dict[str, float]:
    """Figure -> milliseconds."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        lab = Lab(Settings(home=Path(folder) / "home"))
        registry = ModelRegistry()
        system = resolve_system(system_key, registry)
        inputs = InputStore(lab)
        with Models(lab, registry) as models:
            engine = Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))
            sources = register(inputs, Path(folder), listed)
            figures[f"listing {listed:,} inputs"] = milliseconds(inputs.all)
            for state in ("no results", "every result"):
                if state == "every result":
                    for source in sources[:many]:
                        make_results(engine, system, source)
                for name, ask in (("at once", at_once), ("step by step", step_by_step)):
                    for count in (1, many):
                        figures[f"{count:,} inputs, {state}, {name}"] = milliseconds(
                            lambda ask=ask, count=count: ask(engine, system, sources[:count])  # type: ignore[misc]
                        )
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="meeting")
    parser.add_argument("--many", type=int, default=300, help="inputs whose identities are asked for")
    parser.add_argument("--listed", type=int, default=1_000, help="inputs in the lab")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    where = made_on()  # asked before the work: the checkout may be at another commit when it is done
    figures = measure(arguments.system, arguments.many, arguments.listed)
    if arguments.json:
        rounded = {name: round(value, 2) for name, value in figures.items()}
        print(json.dumps({"made_on": where, "milliseconds": rounded}, indent=1))
        return
    print(where)
    for name, value in figures.items():
        print(f"{name:<44}{value:>12,.1f} ms")


if __name__ == "__main__":
    main()
