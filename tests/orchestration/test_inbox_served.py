"""A watched folder under the real UI, daemon and code server, all of it killed in the middle and started again."""

import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.drops.inboxes import InboxOptions, add_inbox
from modellab.inputs.store import InputStore
from modellab.settings import Lab, Settings
from modellab.warehouse.builder import build
from modellab.warehouse.liveness import is_known
from modellab.warehouse.query import query
from resources.tags import RUN_KEY_TAG, SENSOR_NAME_TAG

from .served import ServedUi, sensor_ticks

LONGEST_S = 800.0
"""For what takes a minute on an idle machine, and five more when a run was killed while it was being started."""
STRANGE = b"not utf-8 \xff\n.wav"
_SENSOR = """{ sensorsOrError(repositorySelector: {
  repositoryLocationName: "modellab", repositoryName: "__repository__"}) {
    ... on Sensors { results { name sensorState { status } } } } }"""


def _noise(path: Path, seed: int, seconds: float = 1.0) -> bytes:
    with path.open("wb") as file:
        noise = np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds)).astype(np.float32)
        soundfile.write(file, noise, 16_000, format="WAV")
    return path.read_bytes()


def _wait(what, condition):
    end = time.monotonic() + LONGEST_S
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.3)
    return found


def _statuses(lab: Lab) -> dict[str, str]:
    if not lab.database.exists():
        return {}
    return dict(query(lab, "SELECT name, status FROM drops").rows)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A lab whose UI was killed, with all it had started, while it ran what had been dropped; then all was done."""
    home, folder = tmp_path_factory.mktemp("inbox_home"), tmp_path_factory.mktemp("inbox_ui")
    box = folder / "box"
    box.mkdir()
    lab = Lab(Settings(_env_file=None, home=home, offline=True))
    add_inbox(lab, "box", InboxOptions(folder=box, pipeline="silero_vad:v6", steady_s=1.0, refused="move"))
    for number in range(6):
        _noise(box / f"good {number}.wav", number, seconds=20.0)
    (box / "double.wav").write_bytes((box / "good 0.wav").read_bytes())
    _noise(Path(os.fsdecode(os.fsencode(box) + b"/" + STRANGE)), 7)
    (box / "broken.wav").write_bytes(b"RIFF and no more")
    whole = _noise(folder / "whole.wav", 8)
    with (box / "half.wav").open("wb") as half:
        half.write(whole[:1000])
        half.flush()
        ui = ServedUi.start(home, folder)
        try:
            _wait("a run", lambda: _at_work(ui, lab))
        finally:
            ui.kill()
        half.write(whole[1000:])
    ui = ServedUi.start(home, folder)
    try:
        _wait("all", lambda: len(_statuses(lab)) == 10)
        sensors = {one["name"]: one["sensorState"] for one in ui.ask(_SENSOR)["sensorsOrError"]["results"]}
        yield lab, box, sensors["audio_drops"]["status"], _runs(ui)
    finally:
        ui.stop()


def _runs(ui):
    return ui.runs_tagged(SENSOR_NAME_TAG, "audio_drops")


def _of_files(runs):
    """Those that are not the job that takes files."""
    return [run for run in runs if any(tag["key"] == RUN_KEY_TAG for tag in run["tags"])]


def _at_work(ui, lab):
    """Whether a run of dropped files is at work, and none is being started: of one that is killed then Dagster says
    nothing for five minutes."""
    runs = _runs(ui)
    begun = [run for run in runs if run["status"] in ("NOT_STARTED", "STARTING", "STARTED")]
    working = [run for run in begun if run["status"] == "STARTED" and is_known(lab, run["runId"])]
    return working == begun and bool(_of_files(working))


def test_every_file_is_said_once(done):
    lab, *_ = done
    # The two with the same bytes were there at the first look: their names say which one is first.
    assert sorted(query(lab, "SELECT name, status, same_as FROM drops").rows) == sorted(
        [
            ("double.wav", "completed", None),
            ("good 0.wav", "duplicate", "double.wav"),
            *((f"good {number}.wav", "completed", None) for number in range(1, 6)),
            ("half.wav", "completed", None),
            ("not utf-8 \N{REPLACEMENT CHARACTER}_.wav", "completed", None),
            ("broken.wav", "refused", None),
        ]
    )


def test_each_recording_was_run_once_though_a_run_was_killed(done):
    lab, _, _, runs = done
    build(lab)
    sources = {source.key: 1 for source in InputStore(lab).all()}
    assert len(sources) == 8
    ended = query(lab, "SELECT input, count(*) FROM run_history WHERE status = 'completed' GROUP BY input").rows
    assert dict(ended) == sources
    worked = "SELECT input, count(*) FROM steps WHERE step = 'vad' AND status = 'completed' AND NOT cached GROUP BY 1"
    assert dict(query(lab, worked).rows) == sources
    statuses = Counter(run["status"] for run in _of_files(runs))
    assert statuses["FAILURE"] == 1 and set(statuses) == {"FAILURE", "SUCCESS"}


def test_many_files_are_few_runs_and_the_cursor_stays_empty(done):
    lab, _, status, runs = done
    assert 2 <= len(_of_files(runs)) <= 4
    assert status == "RUNNING"
    ticks = sensor_ticks(lab, "audio_drops")
    assert any(tick.run_ids for tick in ticks)
    assert not any(tick.cursor or tick.error for tick in ticks)


def test_what_can_not_be_used_is_moved(done):
    _, box, *_ = done
    [moved] = (box / "refused").iterdir()
    assert moved.name.endswith("-broken.wav") and not (box / "broken.wav").exists()
