"""A lost memory of watched folders is filled from the lab's records."""

import shutil
from dataclasses import replace

import pytest

from modellab.drops.state import DropState
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from tests.drops.conftest import Watched, write_noise


def rows(watched: Watched) -> list[tuple[object, ...]]:
    build(watched.lab)
    return query(watched.lab, 'SELECT * EXCLUDE (source) FROM drops ORDER BY "drop", attempt').rows


def lose(watched: Watched) -> None:
    shutil.rmtree(watched.lab.drops)


@pytest.fixture
def settled(watched: Watched) -> Watched:
    """Two recordings, one of them twice, and a file that is none."""
    for name, seed in (("a.wav", 1), ("b.wav", 2), ("again.wav", 1)):
        write_noise(watched.folder / name, seed)
    (watched.folder / "broken.wav").write_bytes(b"RIFF no sound at all")
    watched.settle()
    return watched


def test_a_lost_memory_runs_nothing_again_and_says_nothing_twice(settled: Watched) -> None:
    before, stood, ran = rows(settled), settled.statuses(), list(settled.ran)
    assert {status for [status] in stood.values()} == {"completed", "duplicate", "refused"}
    lose(settled)
    settled.settle()
    assert (rows(settled), settled.statuses(), settled.ran) == (before, stood, ran)


def test_what_is_new_or_changed_since_is_taken_as_ever(settled: Watched) -> None:
    lose(settled)
    write_noise(settled.folder / "b.wav", 3)
    write_noise(settled.folder / "new.wav", 4)
    write_noise(settled.folder / "like a.wav", 1)
    settled.settle()
    assert settled.statuses() == {
        "a.wav": ["completed"],
        "again.wav": ["duplicate"],
        "b.wav": ["completed", "completed"],
        "broken.wav": ["refused"],
        "like a.wav": ["duplicate"],
        "new.wav": ["completed"],
    }
    assert len(rows(settled)) == 7


def test_a_failed_file_is_not_run_again_by_itself_and_can_be_tried_again(watched: Watched) -> None:
    write_noise(watched.folder / "a.wav", 1)
    watched.look()
    watched.look()
    watched.take()
    watched.run(lambda work: replace(work, status="failed", reason="no words"))
    watched.record()
    lose(watched)
    watched.settle()
    [drop] = watched.drops()
    assert (drop.status, drop.reason, len(watched.ran)) == ("failed", "no words", 1)
    with DropState(watched.lab) as state:
        state.retry(drop)
    watched.settle()
    assert (watched.statuses(), len(watched.ran)) == ({"a.wav": ["completed"]}, 2)
    assert [(row[1], row[5]) for row in rows(watched)] == [(1, "failed"), (2, "completed")]
