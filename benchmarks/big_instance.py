"""The lab's Dagster UI with 10,000 recordings under 30 systems: how long its pages and its sensors' ticks take.

    python benchmarks/big_instance.py
    python benchmarks/big_instance.py --inputs 100 --pairs 200      # a small one beside it: what the size costs

In a lab of its own, one recording is run; all else is copied from that, straight into the lab's and Dagster's files:
recordings of a quarter of a second (seeded noise, so that each has bytes and a key of its own), their partitions, and
runs whose events say that `--pairs` pairs of a recording and a system are materialised in each of some assets, with the
checks of the first two. A watched folder has as many files, which are never complete: nothing is run. Then the UI is
started as `make ui` does, a headless Chromium opens its pages, and every GraphQL query that they send is timed until
none is under way; each page in a browser of its own, several times. The daemon ticks meanwhile, and says itself how
long that took. Figures are medians and maxima in seconds.
"""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import soundfile

from modellab.drops.inboxes import InboxOptions, add_inbox
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher
from modellab_dagster.offer import candidates
from modellab_dagster.ui import environment

SYSTEM = "silero_vad:v6"
"""What the one recording is run with: ingest and vad, three checks each."""
ASSETS = ("ingest", "vad", "asr", "diarization", "alignment")
"""What the pairs are materialised in; those after vad have events like vad's."""
PAIRS_OF_RUN = 100
RATE_HZ, FRAMES = 8000, 2000
SENSORS = ("partitions_on_offer", "audio_drops")
JOB = "/locations/modellab/jobs/meeting"
PAGES = {
    "asset": "/assets/vad",
    "asset, its partitions": "/assets/vad?view=partitions",
    "asset, its checks": "/assets/vad?view=checks",
    "assets": "/assets",
    "lineage": "/asset-groups",
    "job": JOB,
    "job, its partitions": f"{JOB}/partitions",
    "runs": "/runs",
    "sensor": "/locations/modellab/sensors/partitions_on_offer",
}
DIALOG = "launch dialog of a job"


# --- the lab


def fill(lab: Lab, work: Path, given: argparse.Namespace) -> None:
    """Recordings, partitions, runs and events."""
    rng = random.Random(given.seed)
    recording = work / "call.wav"
    recording.write_bytes(_wav(given.seed, work))
    template = InputStore(lab).register(recording)
    with Launcher(lab) as launcher:
        launcher.sweep([SYSTEM], [template])
    keys = [template.key, *_recordings(lab, template, given, work)]
    systems = _systems(lab, given.systems)
    with open_instance(lab) as instance:
        instance.add_dynamic_partitions("input", keys)
        instance.add_dynamic_partitions("model", systems)
    everything = [(source, system) for source in keys[1:] for system in systems]
    _copy_runs(lab, template, rng.sample(everything, min(given.pairs, len(everything))))


def _wav(seed: int, work: Path) -> bytes:
    samples = np.random.default_rng(seed).integers(-3000, 3000, FRAMES, dtype=np.int16)
    path = work / "noise.wav"
    soundfile.write(path, samples, RATE_HZ, "PCM_16")
    return path.read_bytes()


def _recordings(lab: Lab, template: RegisteredInput, given: argparse.Namespace, work: Path) -> Iterator[str]:
    """Registers recordings as the store would, without decoding each: they are all alike. Gives their keys."""
    described = json.loads((template.path.parent / "input.json").read_text())
    head = _wav(given.seed, work)[:-2]
    for number in range(1, given.inputs):
        content = head[: -2 * 4] + number.to_bytes(8, "little") + b"\0\0"
        digest = sha256(content).hexdigest()
        name = f"call {number}.wav"
        key = f"call-{number}-{digest[:16]}"
        folder = template.path.parent.with_name(digest[:16])
        folder.mkdir()
        (folder / described["path"]).write_bytes(content)
        facts = {"key": key, "sha256": digest, "name": name, "names": [name], "bytes": len(content)}
        (folder / "input.json").write_text(json.dumps({**described, **facts}, indent=1))
        yield key


def _systems(lab: Lab, count: int) -> list[str]:
    """What is on offer here, and pipelines with other parameters for the rest."""
    offered = [one.key for one in candidates(lab, Models(lab, ModelRegistry())) if one.on_offer]
    others = [f"meeting+vad.threshold={number / 100:g}" for number in range(1, count)]
    return [SYSTEM, *(key for key in dict.fromkeys([*offered, *others]) if key != SYSTEM)][:count]


def _copy_runs(lab: Lab, template: RegisteredInput, pairs: Sequence[tuple[str, str]]) -> None:
    """Copies of the one run and of its events, for other pairs."""
    history = lab.dagster_home / "history"
    with (
        closing(sqlite3.connect(history / "runs.db")) as runs,
        closing(sqlite3.connect(history / "runs" / "index.db")) as index,
    ):
        [(old,)] = runs.execute("SELECT run_id FROM runs").fetchall()
        events = _Events(index)
        copies = {table: _rows(runs, table) for table in ("runs", "run_tags")}
        for start in range(0, len(pairs), PAIRS_OF_RUN):
            run = str(uuid.UUID(int=start + 1))
            for table, rows in copies.items():
                changed = {old: run, template.key: pairs[start][0], SYSTEM: pairs[start][1]}
                _insert(runs, table, [{**_changed(row, changed), "id": None} for row in rows])
            for source, system in pairs[start : start + PAIRS_OF_RUN]:
                events.copy({old: run, template.key: source, SYSTEM: system})
        events.end()
        runs.commit()
        index.commit()


class _Events:
    """Copies of what one run left in the index of events."""

    def __init__(self, index: sqlite3.Connection) -> None:
        self._index = index
        self._made = _rows(index, "event_logs", "dagster_event_type = 'ASSET_MATERIALIZATION'")
        self._tags = _rows(index, "asset_event_tags")
        self._checks = _rows(index, "asset_check_executions")
        [self._next] = index.execute("SELECT max(id) + 1 FROM event_logs").fetchone()
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for asset in ASSETS[2:]:
            [row] = _rows(index, "asset_keys", "asset_key = '[\"vad\"]'")
            _insert(index, "asset_keys", [{**_changed(row, _as(asset)), "id": None}])

    def copy(self, changed: dict[str, str]) -> None:
        """The events of another run, recording and system."""
        new_id: dict[int, int] = {}
        for asset in ASSETS:
            of_asset = {**changed, **(_as(asset) if asset not in ASSETS[:2] else {})}
            kept = asset if asset in ASSETS[:2] else "vad"
            [row] = [row for row in self._made if row["asset_key"] == json.dumps([kept])]
            self._waiting["event_logs"].append({**_changed(row, of_asset), "id": self._next})
            for tag in self._tags:
                if tag["event_id"] == row["id"]:
                    self._waiting["asset_event_tags"].append(
                        {**_changed(tag, of_asset), "id": None, "event_id": self._next}
                    )
            new_id.setdefault(row["id"], self._next)
            self._next += 1
        for check in self._checks:
            made = {"materialization_event_storage_id": new_id[check["materialization_event_storage_id"]]}
            self._waiting["asset_check_executions"].append({**_changed(check, changed), "id": None, **made})
        if len(self._waiting["event_logs"]) > 5000:
            self.end()

    def end(self) -> None:
        """Write what waits."""
        for table, rows in self._waiting.items():
            _insert(self._index, table, rows)
        self._waiting.clear()


def _as(asset: str) -> dict[str, str]:
    return {'["vad"]': json.dumps([asset]), "vad_step": f"{asset}_step"}


def _rows(connection: sqlite3.Connection, table: str, where: str = "true") -> list[dict[str, Any]]:
    cursor = connection.execute(f"SELECT * FROM {table} WHERE {where}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _changed(row: dict[str, Any], changed: dict[str, str]) -> dict[str, Any]:
    def new(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for old, other in changed.items():
            value = value.replace(old, other)
        return value

    return {name: new(value) for name, value in row.items()}


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        names = list(rows[0])
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" for _ in names)
        connection.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})", [tuple(row[name] for name in names) for row in rows]
        )


def watch(lab: Lab, box: Path, files: int) -> None:
    """A watched folder with files that may still be written to for a day."""
    for number in range(files):
        folder = box / str(number % 100)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.wav").write_bytes(number.to_bytes(8, "little"))
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="ingest", steady_s=86400.0))


# --- the UI


@contextmanager
def served(lab: Lab, log: Path) -> Iterator[str]:
    """The UI's address, with the UI running; prints how long the code location took to answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "modellab_dagster.ui", "--port", str(port)],
            env={**environment(lab), "MODELLAB_OFFLINE": "true"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _answers(f"http://127.0.0.1:{port}"):
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.2)
        print(f"the UI answers after {time.perf_counter() - began:.1f} s", flush=True)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)  # one started by a shell's `&` ignores SIGINT
        process.wait()


def _answers(address: str) -> bool:
    request = urllib.request.Request(
        f"{address}/graphql",
        json.dumps({"query": "{ assetNodes { id } }"}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return bool(json.load(response)["data"]["assetNodes"])
    except OSError:
        return False


class Watched:
    """A page in Chromium, with the GraphQL queries that it sends."""

    def __init__(self, browser: Any) -> None:
        self.page = browser.new_page(viewport={"width": 1400, "height": 1000})
        self.page.set_default_timeout(120_000)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        """Name of a query -> how long each took."""
        self._open: dict[Any, float] = {}
        self._quiet_since: float | None = None
        self.page.on("request", self._sent)
        self.page.on("requestfinished", self._answered)
        self.page.on("requestfailed", self._answered)

    def settle(self, quiet_s: float = 1.0, longest_s: float = 120.0) -> float:
        """Waits until no query was under way for a while; returns when the last one was answered.

        What is still under way after the longest wait counts as if it were answered then.
        """
        self._quiet_since = None
        end = time.perf_counter() + longest_s
        while time.perf_counter() < end:
            self.page.wait_for_timeout(50)
            if self._quiet_since and not self._open and time.perf_counter() - self._quiet_since > quiet_s:
                return self._quiet_since
        for request, sent in self._open.items():
            self.seconds[_operation(request)].append(time.perf_counter() - sent)
        return time.perf_counter()

    def _sent(self, request: Any) -> None:
        if request.url.endswith("/graphql") or "/graphql?" in request.url:
            self._open[request] = time.perf_counter()

    def _answered(self, request: Any) -> None:
        if request in self._open:
            took = time.perf_counter() - self._open.pop(request)
            self._quiet_since = time.perf_counter()
            self.seconds[_operation(request)].append(took)


def _operation(request: Any) -> str:
    return json.loads(request.post_data or "{}").get("operationName") or "?"


def pages(address: str, repeats: int) -> tuple[dict[str, list[float]], dict[str, dict[str, list[float]]]]:
    """Page -> seconds until its last query was answered, each time; and page -> query -> seconds of each."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("no Chromium on this machine")
    whole: dict[str, list[float]] = defaultdict(list)
    queries: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with sync_playwright() as playwright:
        for name in (*PAGES, DIALOG) * repeats:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            watched = Watched(browser)
            began = time.perf_counter()
            watched.page.goto(address + PAGES.get(name, JOB))
            if name == DIALOG:
                watched.settle()
                watched.seconds.clear()
                began = time.perf_counter()
                watched.page.get_by_role("button", name="Materialize").first.click()
            whole[name].append(watched.settle() - began)
            print(f"{name}: {whole[name][-1]:.1f} s", file=sys.stderr, flush=True)
            for query, seconds in watched.seconds.items():
                queries[name][query] += seconds
            browser.close()
    return whole, queries


def ticks(lab: Lab, wanted: int, longest_s: float) -> dict[str, list[float]]:
    """Sensor -> seconds of each tick that the daemon ended, when there are so many of each."""
    end = time.monotonic() + longest_s
    while True:
        with open_instance(lab) as instance:
            found = {
                state.instigator_name: [
                    tick.end_timestamp - tick.timestamp
                    for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
                    if tick.end_timestamp
                ]
                for state in instance.all_instigator_state()
                if state.instigator_name in SENSORS
            }
        if all(len(found.get(sensor, ())) >= wanted for sensor in SENSORS) or time.monotonic() > end:
            return found
        time.sleep(2)


def main() -> None:
    """Make the lab, serve it, measure, print; ends with 1 when a median is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--systems", type=int, default=30)
    parser.add_argument("--pairs", type=int, default=20_000, help="of a recording and a system that were run")
    parser.add_argument("--files", type=int, default=10_000, help="in the watched folder")
    parser.add_argument("--repeats", type=int, default=3, help="how often each page is opened")
    parser.add_argument("--ticks", type=int, default=3, help="of each sensor")
    parser.add_argument("--limit", type=float, default=2.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a lab's home to keep; one that is there is not filled again")
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="big-")).resolve()
    home = (given.home or work / "home").resolve()
    os.environ["MODELLAB_HOME"] = str(home)
    lab = Lab(Settings(_env_file=None, home=home, offline=True))
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, dagster {dg.__version__}: "
        f"{given.inputs:,} inputs, {given.systems} systems, {given.pairs:,} pairs, {given.files:,} files"
    )
    if not home.exists():
        began = time.perf_counter()
        fill(lab, work, given)
        watch(lab, home.with_name(f"{home.name}-box"), given.files)
        print(f"made in {time.perf_counter() - began:.0f} s", flush=True)
    with served(lab, work / "ui.log") as address:
        whole, queries = pages(address, given.repeats)
        of_sensors = ticks(lab, given.ticks, 90.0 * given.ticks)
    print(f"\n{'seconds':<52}{'median':>8}{'longest':>9}{'times':>7}")
    slow = [_line(f"tick of {name}", seconds, given.limit) for name, seconds in of_sensors.items()]
    for name, seconds in whole.items():
        slow.append(_line(name, seconds, given.limit))
        for query, of_query in sorted(queries[name].items(), key=lambda item: -max(item[1])):
            if max(of_query) > given.limit / 10:
                slow.append(_line(f"  {query}", of_query, given.limit))
    shutil.rmtree(work)
    if any(slow):
        raise SystemExit(f"{sum(slow)} medians are over {given.limit:g} s")


def _line(name: str, seconds: Sequence[float], limit: float) -> bool:
    median = statistics.median(seconds) if seconds else float("nan")
    print(
        f"{name:<52}{median:>8.2f}{max(seconds, default=0.0):>9.2f}{len(seconds):>7}{'  !' if median > limit else ''}"
    )
    return median > limit


if __name__ == "__main__":
    main()
