"""Hundreds of files dropped into a watched folder, with everything killed in the middle: is each done once, none lost?

    python benchmarks/drops.py RECORDINGS --files 200
    python benchmarks/drops.py --looks 10000        # only how long the sensor's look at so many files takes

In a lab of its own the UI is started as `make ui` does. While a bench runs and a read-only DuckDB session stays open,
clips cut from the recordings of a folder are dropped, among them duplicates, broken files, files that are no
recordings, strange names, files that are copied slowly, and files that are renamed when they are complete. A run of
theirs is killed (SIGKILL), the rest is dropped, the daemon is killed while another run is at work, and the UI is
started again. At the end each file must have been said once, and each recording run once: no step worked on it twice.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import dagster as dg
import duckdb
import soundfile

from modellab.drops.inboxes import InboxOptions, add_inbox, inboxes_of
from modellab.drops.report import counts_of
from modellab.drops.state import DropState
from modellab.files import sha256_file
from modellab.legible import one_line
from modellab.settings import Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.home import open_instance
from modellab_dagster.ui import environment
from resources.tags import RUN_KEY_TAG, SENSOR_NAME_TAG

MODELLAB = Path(sys.executable).with_name("modellab")
BENCH = ("bench", "--dataset", "vad_smoke_v1", "--models", "silero_vad:v6")
LONGEST_S = 1800.0
STRANGE = ("two words {}.wav", "Köln {}.wav", "not utf-8 {}\udcff.wav", "line\nbreak {}.wav", "-{}.wav", "'{}'; rm.wav")
Found = TypeVar("Found")


class Files:
    """What is dropped, and what must come of it.

    Args:
        recordings: folder that clips are cut from.
        count: how many files.
        seconds: length of a clip.
    """

    def __init__(self, recordings: Path, work: Path, count: int, seconds: float, seed: int) -> None:
        self._random = random.Random(seed)
        self._work = work
        self.good: set[str] = set()
        """Names of files that are recordings, from the folder on."""
        self.bad: set[str] = set()
        kinds = ["duplicate"] * (count // 6) + ["bad"] * (count // 8)
        kinds += ["clip"] * (count - len(kinds))
        self._random.shuffle(kinds)
        cut = self._cut(recordings, seconds)
        self._clips: list[Path] = []
        self.all = [self._make(kind, number, cut) for number, kind in enumerate(kinds)]

    @property
    def recordings(self) -> set[str]:
        """SHA-256 of each distinct recording."""
        return {sha256_file(clip) for clip in self._clips}

    def _cut(self, recordings: Path, seconds: float) -> Iterator[Path]:
        """Clips that no two files share, from recording after recording, round and round."""
        sources = []
        for path in sorted(each for each in recordings.rglob("*") if each.suffix in (".wav", ".flac")):
            try:
                if soundfile.info(path).duration > seconds:
                    sources.append(path)
            except soundfile.LibsndfileError:
                continue
        number = 0
        while sources:
            path = sources[number % len(sources)]
            facts = soundfile.info(path)
            start = self._random.randrange(int((facts.duration - seconds) * facts.samplerate) + 1)
            frames = int(seconds * facts.samplerate)
            try:
                samples, rate = soundfile.read(path, start=start, frames=frames, dtype="float32")
            except soundfile.LibsndfileError:  # it has a damaged stretch
                sources.remove(path)
                continue
            if samples.ndim > 1:
                samples = samples.mean(axis=1)
            samples[0] = number / (1 << 20)  # so that two cuts at one place differ
            target = self._work / f"{number}.wav"
            soundfile.write(target, samples, rate)
            number += 1
            yield target
        raise SystemExit(f"{recordings} has no WAV or FLAC file longer than {seconds:g} s that can be cut")

    def _make(self, kind: str, number: int, cut: Iterator[Path]) -> tuple[str, Path]:
        """Name in the folder, and the file that is to lie there."""
        folder = self._random.choice(["", "", "monday/", "monday/late calls/"])
        if kind == "bad":
            return self._bad(folder, number)
        if kind == "duplicate" and self._clips:
            clip = self._random.choice(self._clips)
        else:
            clip = next(cut)
            self._clips.append(clip)
        pattern = self._random.choice(STRANGE) if number % 7 == 0 else "clip {}.wav"
        name = folder + pattern.format(number)
        self.good.add(name)
        return name, clip

    def _bad(self, folder: str, number: int) -> tuple[str, Path]:
        source = self._work / f"bad-{number}"
        what = number % 3
        source.write_bytes([b"RIFF and no more", b"Minutes of a meeting.\n", os.urandom(5000)][what])
        name = f"{folder}bad {number}{('.wav', '.txt', '.mp3')[what]}"
        self.bad.add(name)
        return name, source


def drop(box: Path, name: str, source: Path, how: int) -> None:
    """Put one file into the folder: copied at once, copied slowly, or copied under another name and renamed."""
    target = box / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if how == 0:
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(source, part)
        part.rename(target)
    elif how == 1:
        data = source.read_bytes()
        with target.open("wb") as writing:
            for piece in (data[: len(data) // 3], data[len(data) // 3 :]):
                writing.write(piece)
                writing.flush()
                time.sleep(0.3)
    else:
        shutil.copyfile(source, target)


class Ui:
    """The UI with its daemon, on one lab, started again when it was killed."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self._lab, self._work = lab, work
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._starts += 1
        log = self._work / f"ui-{self._starts}.log"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "modellab_dagster.ui", "--port", str(port)],
            env={**environment(self._lab), "MODELLAB_OFFLINE": "true"},
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait("the UI", lambda: "is ready" in log.read_text() or None)

    def kill_daemon(self) -> None:
        """SIGKILL to the daemon, after which the UI ends by itself."""
        for pid in self._pids():
            if b"dagster._daemon" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(timeout=LONGEST_S)

    def kill_run(self, run: str) -> None:
        """SIGKILL to the process that holds a run's mark."""
        mark = self._lab.home / "running" / f"{run}.lock"
        for pid in self._pids():
            opened = Path(f"/proc/{pid}/fd")
            try:
                holds = any(each.readlink() == mark for each in opened.iterdir())
            except OSError:
                continue
            if holds:
                os.kill(pid, signal.SIGKILL)
                return
        print(f"  run {run} was over before it could be killed")

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)  # a shell's `&` has SIGINT ignored
        self._process.wait(timeout=LONGEST_S)

    def _pids(self) -> Iterator[int]:
        """Processes that work on this lab, all of them started by this script."""
        home = f"MODELLAB_HOME={self._lab.home}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if home in (entry / "environ").read_bytes().split(b"\0") and int(entry.name) != os.getpid():
                    yield int(entry.name)
            except OSError:
                continue


def wait(what: str, found: Callable[[], Found | None]) -> Found:
    """What is found, when it is."""
    end = time.monotonic() + LONGEST_S
    while (result := found()) is None:
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come")
        time.sleep(0.5)
    return result


def file_runs(lab: Lab) -> list[dg.DagsterRun]:
    """The runs of dropped files."""
    with open_instance(lab) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={SENSOR_NAME_TAG: "audio_drops"}))
    return [run for run in runs if RUN_KEY_TAG in run.tags]


def started_run(lab: Lab, but: set[str]) -> str | None:
    """A run of dropped files that is at work and has its mark."""
    return next(
        (
            run.run_id
            for run in file_runs(lab)
            if run.status == dg.DagsterRunStatus.STARTED
            and run.run_id not in but
            and (lab.home / "running" / f"{run.run_id}.lock").exists()
        ),
        None,
    )


def rows(lab: Lab) -> list[tuple[str, str]]:
    """Name and status of every file that was said."""
    return [(str(name), str(status)) for name, status in query(lab, "SELECT name, status FROM drops").rows]


def settled(lab: Lab, count: int) -> bool | None:
    """Whether so many files are done with, and none is under way."""
    with DropState(lab) as state:
        counts = counts_of(state, inboxes_of(lab).usable[0])
        done = not counts.waiting and not counts.open and sum(counts.ended.values()) >= count
        return True if done and not state.has_unrecorded() else None


def tick_seconds(lab: Lab) -> list[float]:
    """How long each of the sensor's looks took, with what the daemon does about it."""
    with open_instance(lab) as instance:
        state = next(each for each in instance.all_instigator_state() if each.instigator_name == "audio_drops")
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
    return [tick.end_timestamp - tick.timestamp for tick in ticks if tick.end_timestamp]


def problems(lab: Lab, files: Files) -> list[str]:
    """Everything that is not as it must be."""
    build(lab)
    found = []
    said = Counter(name for name, _ in rows(lab))
    wanted = {one_line(name) for name in files.good | files.bad}
    found += [f"{name} was not said" for name in wanted - set(said)]
    found += [f"{name} was said {count} times" for name, count in said.items() if count != 1]
    statuses = dict(rows(lab))
    found += [
        f"{name} is {statuses.get(one_line(name))}" for name in files.bad if statuses.get(one_line(name)) != "refused"
    ]
    for name in files.good:
        if statuses.get(one_line(name)) not in ("completed", "duplicate"):
            found.append(f"{one_line(name)} is {statuses.get(one_line(name))}")
    completed = query(lab, "SELECT sha256, count(*) FROM drops WHERE status = 'completed' GROUP BY ALL").rows
    found += [f"{digest} has {count} files that completed" for digest, count in completed if count != 1]
    found += [f"{digest} was not run" for digest in files.recordings - {digest for digest, _ in completed}]
    worked = query(
        lab,
        "SELECT sha256, system, step, count(*) FROM steps JOIN inputs USING (input) JOIN drops USING (sha256, system) "
        "WHERE steps.status = 'completed' AND NOT cached AND drops.status = 'completed' "
        "GROUP BY ALL HAVING count(*) > 1",
    ).rows
    found += [f"{digest}: the step {step} of {system} worked {count} times" for digest, system, step, count in worked]
    return found


class Trial:
    """One trial, step by step.

    Args:
        work: an empty folder.
    """

    def __init__(self, work: Path, files: Files, pipeline: str) -> None:
        self.lab, self._box, self._files, self._work = _lab(work), work / "box", files, work
        self._box.mkdir()
        add_inbox(self.lab, "box", InboxOptions(folder=self._box, pipeline=pipeline))
        build(self.lab)
        self._ui, self._began = Ui(self.lab, work), time.monotonic()
        self._dropped = 0

    def tell(self, what: str) -> None:
        """Say what happened, and when."""
        print(f"{self.seconds:6.0f} s  {what}", flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def run(self) -> list[str]:
        """Everything; returns what is not as it must be."""
        self._ui.start()
        self.tell("the UI is up; a bench and a DuckDB session begin")
        with duckdb.connect(str(self.lab.database), read_only=True) as session:
            with (self._work / "bench.log").open("wb") as log:
                command = [str(MODELLAB), *BENCH]
                bench = subprocess.Popen(
                    command, env={**os.environ, "MODELLAB_OFFLINE": "true"}, stdout=log, stderr=subprocess.STDOUT
                )
            self._disturb()
            wait("the end", lambda: settled(self.lab, len(self._files.all)))
            self.tell("every file is done with")
            code = bench.wait(timeout=LONGEST_S)
            seen = session.execute("SELECT count(*) FROM drops").fetchone()
        self._ui.stop()
        found = problems(self.lab, self._files)
        if code:
            found.append(f"the bench ended with {code}: {self._work / 'bench.log'}")
        if seen != (0,):
            found.append(f"the DuckDB session that was open saw {seen} rows of drops")
        return found

    def _disturb(self) -> None:
        """Drop the files, and kill a run and the daemon meanwhile."""
        self._drop(len(self._files.all) // 2)
        first = wait("a run", lambda: started_run(self.lab, set()))
        self._ui.kill_run(first)
        self.tell(f"run {first[:8]} killed")
        self._drop(len(self._files.all) - self._dropped)
        second = wait("another run", lambda: started_run(self.lab, {first}))
        self._ui.kill_daemon()
        self.tell(f"the daemon killed while run {second[:8]} was at work")
        self._ui.start()
        self.tell("the UI is up again")

    def _drop(self, count: int) -> None:
        for name, source in self._files.all[self._dropped : self._dropped + count]:
            drop(self._box, name, source, self._dropped % 10)
            self._dropped += 1
        self.tell(f"{self._dropped} files dropped")


def looks(lab: Lab, box: Path, count: int) -> dict[str, float]:
    """What the look was -> how long the sensor took for it, with so many files in a hundred folders, seconds."""
    from modellab_dagster.inbox import audio_drops

    for number in range(count):
        folder = box / str(number % 100)
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.wav").write_bytes(b"x" * (number + 1))
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="ingest", steady_s=0.0))
    took = {}
    with open_instance(lab) as instance:
        for what in ("all are new", "all are complete", "nothing has changed"):
            context = dg.build_sensor_context(instance=instance)
            began = time.perf_counter()
            audio_drops.evaluate_tick(context)
            took[what] = round(time.perf_counter() - began, 2)
    return took


def _lab(work: Path) -> Lab:
    home = work / "home"
    os.environ["MODELLAB_HOME"] = str(home)
    return Lab(Settings(_env_file=None, home=home, offline=True))


def main() -> None:
    """Make the files, drop them, and say what came of it; ends with 1 when anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="?", help="folder that clips are cut from")
    parser.add_argument("--looks", type=int, help="only measure looks at so many files")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a clip")
    parser.add_argument("--pipeline", default="faster_whisper:tiny.en")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="drops-")).resolve()
    if given.looks:
        (work / "box").mkdir()
        print(json.dumps({f"a look at {given.looks} files, s": looks(_lab(work), work / "box", given.looks)}, indent=1))
        shutil.rmtree(work)
        return
    if given.recordings is None:
        parser.error("say which folder clips are to be cut from")
    (work / "clips").mkdir()
    files = Files(given.recordings, work / "clips", given.files, given.seconds, given.seed)
    trial = Trial(work, files, given.pipeline)
    trial.tell(f"{len(files.all)} files: {len(files.good)} of {len(files.recordings)} recordings, {len(files.bad)} bad")
    found = trial.run()
    ticks = tick_seconds(trial.lab)
    said = {
        "files": len(files.all),
        "recordings": len(files.recordings),
        "statuses": Counter(status for _, status in rows(trial.lab)),
        "runs": Counter(run.status.value for run in file_runs(trial.lab)),
        "ticks": len(ticks),
        "median_tick_s": round(statistics.median(ticks), 2),
        "longest_tick_s": round(
            max(ticks), 2
        ),  # of the one that was cut short by the kill, to the end of its second half
        "seconds": round(trial.seconds),
        "problems": found,
    }
    print(json.dumps(said, indent=1))
    if found:
        raise SystemExit(f"{len(found)} things are not as they must be; the lab is kept: {work}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
