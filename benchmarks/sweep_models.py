"""Three models over many clips: what `modellab sweep` costs beside them, how often it loads them, what a kill loses.

    python benchmarks/sweep_models.py FOLDER [--clips 100] [--seconds 6] [--rounds 3] [--kills 3] [--seed 0]

The clips are cut from the recordings in FOLDER; which, a seed decides. They are a dataset whose references say nothing
true: this is about costs. Three systems, each a model by itself: the detector of speech, and two recognisers, which
hear what it finds.

Of each round one side is a process that loads the three and calls them on the clips (`bare_models.py`), the other
`modellab sweep` in a fresh home, both cold and in turn. `ratio` is wall over wall; `ratio_to_calls` holds the sweep's
wall against the sum of the bare loads and calls alone, without starting Python, importing and decoding. Every model of
the sweep must be loaded exactly once.

Then a sweep is killed (SIGKILL) at a random moment and started again. What was there must stay as it is; at most one
clip may have been at work at a model; nothing may be recorded as made twice; and a third sweep must make nothing.
"""

import argparse
import json
import os
import pickle
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from kill import MADE_TWICE, kill, made  # type: ignore[import-not-found]  # beside this file
from overhead import MODELLAB, timed, write_requests  # type: ignore[import-not-found]
from sweep import cut  # type: ignore[import-not-found]

from modellab.files import sha256_file
from modellab.pipeline.event_file import follow
from modellab.pipeline.events import StepEnded, StepStarted
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query

BARE = Path(__file__).with_name("bare_models.py")
DETECTOR, RECOGNISERS = "silero_vad", ("faster_whisper:tiny.en", "faster_whisper:base")
SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".m4a"}
DATASET = "sweep-clips"
LOADS = "SELECT model, count(*) FROM steps WHERE load_s > 0 AND NOT cached GROUP BY ALL ORDER BY ALL"
COMPUTED = "SELECT count(*) FROM steps WHERE status = 'completed' AND NOT cached AND model IS NOT NULL"
LOST_AT_MOST = 1
PATIENCE_S = 1800.0


def recordings_in(folder: Path, seed: int) -> list[Path]:
    """The sound files below a folder, in an order that the seed decides."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS)
    random.Random(seed).shuffle(found)
    return found


def make_dataset(clips: Sequence[Path], home: Path) -> None:
    """A dataset of the clips in a home."""
    place = home / "datasets" / DATASET
    place.mkdir(parents=True)
    cases = []
    for clip in clips:
        os.link(clip, place / clip.name)
        known = {"text": "nothing that is true", "speech": []}
        cases.append(
            {"id": f"c{clip.stem}", "source": {"file": clip.name, "sha256": sha256_file(clip)}, "reference": known}
        )
    about = {"id": DATASET, "version": "1", "description": "Clips.", "licence": "MIT", "tasks": ["asr", "vad"]}
    (place / "dataset.yaml").write_text(yaml.safe_dump({**about, "language": "en", "cases": cases}))


def new_home(folder: Path, name: str, clips: Sequence[Path]) -> Path:
    """A home with the dataset and the weights that are assembled once after installing."""
    home = folder / name
    shutil.copytree(folder / "warm" / "weights", home / "weights", copy_function=os.link)
    make_dataset(clips, home)
    return home


def write_all_requests(folder: Path) -> None:
    """What `bare_models.py` reads, of every recogniser; the weights are assembled by the way."""
    wanted = []
    for system in RECOGNISERS:
        one = folder / "one.pickle"
        write_requests(system, folder / "warm", one)
        wanted.append(pickle.loads(one.read_bytes())[0])
    (folder / "requests.pickle").write_bytes(pickle.dumps(wanted))


def command() -> list[str]:
    """The sweep."""
    return [str(MODELLAB), "sweep", "--dataset", DATASET, "--models", ",".join((DETECTOR, *RECOGNISERS)), "--json"]


def lab_of(home: Path) -> Lab:
    """The lab of a home, brought up to date."""
    os.environ["MODELLAB_HOME"] = str(home)
    lab = Lab.from_environment()
    build(lab)
    return lab


def check_loads(home: Path) -> dict[str, int]:
    """Model -> how often it was loaded, which must be once."""
    loads = {str(model): int(count) for model, count in query(lab_of(home), LOADS).rows}
    if len(loads) != 1 + len(RECOGNISERS) or set(loads.values()) != {1}:
        raise SystemExit(f"loads are not one for each of the models: {loads}")
    return loads


def measure(clips: Sequence[Path], rounds: int, folder: Path) -> dict[str, Any]:
    """Both sides in turn, `rounds` times after one that is not counted."""
    requests = folder / "requests.pickle"
    pairs = []
    for number in range(rounds + 1):
        home = new_home(folder, f"home-{number}", clips)
        told = folder / "bare.json"
        bare = [sys.executable, str(BARE), str(requests), str(told), *map(str, clips)]
        sides = {"bare": (bare, {}), "sweep": (command(), {"MODELLAB_HOME": str(home)})}
        pair = {side: timed(*sides[side]) for side in sorted(sides, reverse=bool(number % 2))}
        pairs.append((pair, json.loads(told.read_text())))
        loads = check_loads(home)
        shutil.rmtree(home)
    pairs = pairs[1:]
    ratios = [pair["sweep"].wall_s / pair["bare"].wall_s for pair, _ in pairs]
    of_calls = [pair["sweep"].wall_s / (calls["load_s"] + calls["call_s"]) for pair, calls in pairs]
    return {
        "loads": loads,
        "bare_s": [round(pair["bare"].wall_s, 1) for pair, _ in pairs],
        "loads_and_calls_s": [round(calls["load_s"] + calls["call_s"], 1) for _, calls in pairs],
        "sweep_s": [round(pair["sweep"].wall_s, 1) for pair, _ in pairs],
        "ratio": round(statistics.median(ratios), 3),
        "ratio_to_calls": round(statistics.median(of_calls), 3),
        "sweep_peak_mib": round(max(pair["sweep"].peak_mib for pair, _ in pairs)),
    }


def at_work(lab: Lab) -> list[tuple[str, str]]:
    """Step and input of what was begun at a model and not ended, in the runs of a killed process."""
    found = []
    for path in sorted((lab.home / "events").glob("*.jsonl")):
        begun: Counter[tuple[str, str, str]] = Counter()
        for event in follow(lab, path.stem):
            if isinstance(event, StepStarted) and event.model:
                begun[event.step, event.input, event.system] += 1
            elif isinstance(event, StepEnded) and event.record.model:
                begun[event.record.step, event.record.input, event.record.system] -= 1
        found += [(step, source) for (step, source, _), count in begun.items() if count > 0]
    return found


def results_of_models(home: Path) -> int:
    """How many results of models there are."""
    return len([path for step in ("vad", "asr") for path in (home / "artifacts" / step).glob("*/*/manifest.json")])


def kill_and_go_on(clips: Sequence[Path], folder: Path, randomness: random.Random, number: int) -> dict[str, Any]:
    """A sweep that is killed when a random number of its results is there, a second that finishes it, a third."""
    home = new_home(folder, f"killed-{number}", clips)
    whole = (1 + len(RECOGNISERS)) * len(clips)
    when = randomness.randrange(1, whole)
    environment = {**os.environ, "MODELLAB_HOME": str(home)}
    process = subprocess.Popen(
        command(), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + PATIENCE_S
    while results_of_models(home) < when:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the sweep ended before {when} results were there")
        time.sleep(0.005)
    kill(process, with_children=True)
    lab = lab_of(home)
    kept, lost = made(lab), at_work(lab)
    if len(lost) > LOST_AT_MOST:
        raise SystemExit(f"more than {LOST_AT_MOST} clip was at work: {lost}")
    there = results_of_models(home)
    timed(command(), {"MODELLAB_HOME": str(home)})
    lab = lab_of(home)
    now = made(lab)
    if changed := [str(path) for path, facts in kept.items() if now.get(path) != facts]:
        raise SystemExit(f"what was there was made again: {changed}")
    if results_of_models(home) != whole:
        raise SystemExit(f"{results_of_models(home)} of {whole} results are there after the second sweep")
    if twice := query(lab, MADE_TWICE).rows:
        raise SystemExit(f"results were made twice: {twice}")
    computed = query(lab, COMPUTED).rows
    timed(command(), {"MODELLAB_HOME": str(home)})
    lab = lab_of(home)
    if made(lab) != now or query(lab, COMPUTED).rows != computed:
        raise SystemExit("a sweep of what was there computed something")
    shutil.rmtree(home)
    return {"killed_after": when, "kept": there, "at_work": len(lost), "finished": True, "third_computed": 0}


def main() -> None:
    """Cut, measure, kill, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="recordings, in subfolders too")
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each")
    parser.add_argument("--rounds", type=int, default=3, help="0 leaves the times out")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    randomness = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        clips = cut(
            recordings_in(arguments.folder, arguments.seed), folder / "clips", arguments.clips, arguments.seconds
        )
        write_all_requests(folder)
        found: dict[str, Any] = {"clips": len(clips), "seconds": arguments.seconds, "models": [DETECTOR, *RECOGNISERS]}
        if arguments.rounds:
            found |= measure(clips, arguments.rounds, folder)
        found["kills"] = [kill_and_go_on(clips, folder, randomness, number) for number in range(1, arguments.kills + 1)]
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
