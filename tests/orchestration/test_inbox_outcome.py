"""What comes of drops whose runs were real: rows, and files beside them."""

import zipfile
from dataclasses import replace

import pytest
import soundfile
import yaml

from modellab.drops.inboxes import Inbox, InboxOptions
from modellab.drops.listing import list_folder
from modellab.drops.outcome import EndedRun, end_batches, record_ended
from modellab.drops.state import DropState
from modellab.drops.taking import Taker
from modellab.drops.watching import look
from modellab.inputs.store import InputStore
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.launch import Launcher

SYSTEM = "small_pack"
STEPS = [
    {"step": "ingest"},
    {"step": "vad", "model": "silero_vad:v6"},
    {"step": "asr", "model": "faster_whisper:tiny.en"},
    {"step": "bundle"},
]


@pytest.fixture
def box(lab, tmp_path, sample_wav):
    """A folder with three seconds of speech twice, and once backwards."""
    lab.pipelines.mkdir(parents=True)
    (lab.pipelines / f"{SYSTEM}.yaml").write_text(
        yaml.safe_dump({"name": SYSTEM, "description": "Words and a pack.", "steps": STEPS})
    )
    folder = (tmp_path / "dropped").resolve()
    folder.mkdir()
    samples, rate = soundfile.read(sample_wav, frames=3 * 16000, start=7 * 16000)
    for name in ("a.wav", "b.wav"):
        soundfile.write(folder / name, samples, rate)
    soundfile.write(folder / "never run.wav", samples[::-1], rate)
    return Inbox("box", InboxOptions(folder=folder, pipeline=SYSTEM, beside="transcript"), folder, None)


def _take(lab, state, inbox):
    for now in (0.0, 100.0):
        listing = list_folder(inbox.folder, lab.home, subfolders=True)
        state.apply(inbox.key, look(state.known(inbox.key), listing, now, 5.0), now)
    Taker(lab, state, [inbox], lambda source: None).take_all()


def test_a_run_gives_rows_and_what_is_wanted_beside_each_file(lab, box):
    with DropState(lab) as state:
        _take(lab, state, box)
        state.make_batches(2, 100, 1e9, 1.0)
        [batch] = state.open_batches()
        works = state.works_of(batch)
        sources = [InputStore(lab).get(work.input) for work in works]
        assert [source.name for source in sources] == ["a.wav", "never run.wav"]
        with Launcher(lab) as launcher:
            done = launcher.run(SYSTEM, sources[0])
        end_batches(lab, state, {batch: EndedRun(done.dagster_run_id, canceled=False, error="it died")})
        assert [work.status for work in state.works_of(batch)] == ["completed", "pending"]
        assert [drop.path for drop in record_ended(lab, state, [box])] == [b"a.wav", b"b.wav"]
        text = (box.folder / "a.wav.modellab.txt").read_text()
        assert text == (box.folder / "b.wav.modellab.txt").read_text()
        assert len(text.split()) > 3

        # The other one dies until it is given up; then it is a failed one, of which there is a row as well.
        for _ in range(2):
            state.make_batches(2, 100, 1e9, 2.0)
            [batch] = state.open_batches()
            end_batches(lab, state, {batch: EndedRun("another", canceled=False, error="it died")})
        wanted = replace(box, options=box.options.model_copy(update={"beside": "pack"}))
        assert [drop.status for drop in record_ended(lab, state, [wanted])] == ["failed"]
        assert not list(box.folder.glob("*.zip"))

        # A duplicate that comes later gets what the first one got, here as a pack.
        (box.folder / "c.wav").write_bytes((box.folder / "a.wav").read_bytes())
        _take(lab, state, wanted)
        assert [drop.path for drop in record_ended(lab, state, [wanted])] == [b"c.wav"]
        with zipfile.ZipFile(box.folder / "c.wav.modellab.zip") as pack:
            assert any(name.endswith("transcript.txt") for name in pack.namelist())
    build(lab)
    rows = query(lab, "SELECT name, status, run, same_as, reason FROM latest_drops ORDER BY name").rows
    assert [row[:4] for row in rows] == [
        ("a.wav", "completed", done.run, None),
        ("b.wav", "duplicate", done.run, "a.wav"),
        ("c.wav", "duplicate", done.run, "a.wav"),
        ("never run.wav", "failed", None, None),
    ]
    assert rows[3][4] == "3 runs died over it or before it; the last: it died"


def test_what_was_stopped_is_not_run_again_by_itself(lab, box):
    with DropState(lab) as state:
        _take(lab, state, box)
        state.make_batches(2, 100, 1e9, 1.0)
        [batch] = state.open_batches()
        end_batches(lab, state, {batch: EndedRun("some", canceled=True, error=None)})
        assert {work.status for work in state.works_of(batch)} == {"canceled"}
        assert [drop.status for drop in record_ended(lab, state, [box])] == ["canceled", "duplicate", "canceled"]
        state.make_batches(2, 100, 1e9, 2.0)
        assert state.open_batches() == []


def test_what_can_not_be_put_beside_a_file_is_said_and_costs_nothing_else(lab, box):
    with DropState(lab) as state:
        _take(lab, state, box)
        state.make_batches(2, 100, 1e9, 1.0)
        [batch] = state.open_batches()
        source = InputStore(lab).get(state.works_of(batch)[0].input)
        with Launcher(lab) as launcher:
            done = launcher.sweep([SYSTEM], [source], only={"ingest"})[0]
        end_batches(lab, state, {batch: EndedRun(done.dagster_run_id, canceled=False, error=None)})
        record_ended(lab, state, [box])
    build(lab)
    [row] = query(lab, "SELECT status, placed, reason FROM drops WHERE name = 'a.wav'").rows
    said = "its transcript could not be put beside it: its pipeline gives no transcript."
    assert row == ("completed", None, said)
