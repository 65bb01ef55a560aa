"""What becomes of files that were dropped: real files in a real lab; only the runs are played."""

import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.drops import taking
from modellab.drops.inboxes import InboxOptions
from modellab.drops.listing import list_folder
from modellab.drops.state import DropState
from modellab.drops.taking import Taken, Taker
from modellab.drops.watching import look
from modellab.errors import LabError, StorageError, UsageError
from modellab.inputs.store import InputStore
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

from .conftest import Watched, write_noise

ROWS = "SELECT name, status, attempt, reason, same_as FROM drops ORDER BY name, attempt"


def _rows(watched: Watched) -> list[tuple[object, ...]]:
    build(watched.lab)
    return query(watched.lab, ROWS).rows


def test_good_duplicate_and_broken_files_each_get_one_row(watched: Watched) -> None:
    write_noise(watched.folder / "a.wav", 1)
    write_noise(watched.folder / "b.wav", 1)
    (watched.folder / "c.wav").write_bytes(b"RIFF and no more")
    (watched.folder / "notes.txt").write_text("hello")
    watched.settle()
    assert [row[:3] for row in _rows(watched)] == [
        ("a.wav", "completed", 1),
        ("b.wav", "duplicate", 1),
        ("c.wav", "refused", 1),
        ("notes.txt", "refused", 1),
    ]
    reasons = [(reason, same) for *_, reason, same in _rows(watched)]
    assert reasons[:2] == [(None, None), (None, "a.wav")]
    assert [str(reason)[:46] for reason, _ in reasons[2:]] == [
        "c.wav is not audio or video in a format that c",
        "notes.txt is not audio or video in a format th",
    ]
    assert [len(run) for run in watched.ran] == [1]
    watched.settle()
    assert len(_rows(watched)) == 4


def test_a_use_case_has_each_file_run_by_what_is_promoted_when_it_is_taken(
    watch: Callable[..., Watched],
) -> None:
    watched = watch(use_case="live_caption_vad")
    write_noise(watched.folder / "a.wav", 1)
    watched.look()
    watched.look()
    with pytest.raises(UsageError, match="nothing is promoted for live_caption_vad, which the inbox dropped names"):
        watched.take()
    for name, system in (("a.wav", "silero_vad:v6"), ("b.wav", "ingest")):
        about = {"subject_kind": "system", "use_case": "live_caption_vad", "system_before": None, "reason": "x"}
        event = {"event": "promoted", "subject": system, "system_after": system, "evidence": {}, **about}
        Recorder(watched.lab).lifecycle_event(event)
        build(watched.lab)
        write_noise(watched.folder / name, ord(name[0]))
        watched.settle()
    assert [(drop.file.name, drop.system, drop.status) for drop in watched.drops()] == [
        ("a.wav", "silero_vad:v6", "completed"),
        ("b.wav", "ingest", "completed"),
    ]


def test_an_inbox_names_a_pipeline_or_a_use_case(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it names a pipeline and a use case; allowed: one of them"):
        InboxOptions(folder=tmp_path, pipeline="meeting", use_case="live_caption_vad")


def test_strange_names_are_taken_and_shown_as_text(watched: Watched) -> None:
    names = [b"two words.wav", b"not utf-8 \xff.wav", b"line\nbreak.wav", b"-rf.wav", b"K\xc3\xb6ln.wav", b"noending"]
    (watched.folder / "sub dir").mkdir()
    for seed, name in enumerate(names):
        write_noise(Path(os.fsdecode(os.fsencode(watched.folder) + b"/sub dir/" + name)), seed)
    watched.settle()
    assert [row[:2] for row in _rows(watched)] == [
        (f"sub dir/{name}", "completed")
        for name in (
            "-rf.wav",
            "Köln.wav",
            "line_break.wav",
            "noending",
            "not utf-8 \N{REPLACEMENT CHARACTER}.wav",
            "two words.wav",
        )
    ]


def test_a_file_that_was_half_copied_when_it_was_taken_is_waited_for(watched: Watched) -> None:
    whole = write_noise(watched.folder.parent / "whole.wav", 1).read_bytes()
    target = watched.folder / "a.wav"
    target.write_bytes(whole[:500])
    watched.look()
    watched.look()
    target.write_bytes(whole)  # after two looks said that it was complete
    assert watched.take() == Taken(waiting=1)
    assert watched.drops() == []
    watched.settle()
    assert [(drop.status, drop.size) for drop in watched.drops()] == [("completed", len(whole))]


def test_a_file_that_somebody_writes_to_is_waited_for_however_steady_it_is(watched: Watched) -> None:
    target = write_noise(watched.folder / "a.wav", 1)
    with target.open("ab"):
        watched.look()
        watched.look()
        assert watched.take() == Taken(waiting=1)
    watched.settle()
    assert watched.statuses() == {"a.wav": ["completed"]}


def test_a_file_renamed_before_it_is_taken_is_neither_lost_nor_run_twice(watched: Watched) -> None:
    write_noise(watched.folder / "a.wav", 1)
    watched.look()
    watched.look()
    (watched.folder / "a.wav").rename(watched.folder / "b.wav")
    assert watched.take() == Taken()  # no look has noticed yet: it may be anywhere
    watched.settle()
    (watched.folder / "b.wav").rename(watched.folder / "c.wav")
    watched.settle()
    assert [(drop.path, drop.status) for drop in watched.drops()] == [(b"b.wav", "completed")]
    assert len(watched.ran) == 1


def test_a_file_deleted_before_it_is_taken_is_said_once_and_one_deleted_after_is_done(watched: Watched) -> None:
    write_noise(watched.folder / "early.wav", 1)
    write_noise(watched.folder / "late.wav", 2)
    write_noise(watched.folder / "x.part", 3)
    watched.look()
    (watched.folder / "early.wav").unlink()
    (watched.folder / "x.part").unlink()
    watched.look()
    watched.take()
    (watched.folder / "late.wav").unlink()
    watched.settle()
    assert [row[:2] for row in _rows(watched)] == [("early.wav", "gone"), ("late.wav", "completed")]


def test_a_file_that_comes_back_is_known_and_one_that_was_gone_is_taken(watched: Watched) -> None:
    first, second = write_noise(watched.folder / "a.wav", 1), write_noise(watched.folder / "b.wav", 2)
    watched.look()
    elsewhere = second.rename(watched.folder.parent / "b.wav")
    watched.settle()
    away = first.rename(watched.folder.parent / "a.wav")
    watched.look()
    away.rename(first)
    elsewhere.rename(second)
    watched.settle()
    assert watched.statuses() == {"a.wav": ["completed"], "b.wav": ["gone", "completed"]}


def test_another_recording_under_the_same_name_is_another_drop(watched: Watched) -> None:
    write_noise(watched.folder / "daily.wav", 1)
    watched.settle()
    os.utime(write_noise(watched.folder / "daily.wav", 2), (5, 5))
    watched.settle()
    assert watched.statuses() == {"daily.wav": ["completed", "completed"]}
    assert len({digest for run in watched.ran for digest in run}) == 2


def test_links_and_pipes_are_refused_with_the_reason(watched: Watched) -> None:
    outside = write_noise(watched.folder.parent / "outside.wav", 1)
    (watched.folder / "link.wav").symlink_to(outside)
    os.mkfifo(watched.folder / "pipe.wav")
    watched.settle()
    assert watched.statuses() == {"link.wav": ["refused"], "pipe.wav": ["refused"]}
    assert [str(row[3]).split(":")[0][:40] for row in _rows(watched)] == [
        "link.wav is a link",
        "pipe.wav is a pipe, socket or device, no",
    ]
    assert InputStore(watched.lab).all() == []


def test_a_file_whose_folder_became_a_link_that_leads_out_is_refused(watched: Watched) -> None:
    outside = watched.folder.parent / "outside"
    (watched.folder / "sub").mkdir()
    write_noise(watched.folder / "sub" / "a.wav", 1)
    watched.look()
    watched.look()
    (watched.folder / "sub").rename(outside)
    (watched.folder / "sub").symlink_to(outside)
    watched.take()
    assert [drop.status for drop in watched.drops()] == ["refused"]
    assert InputStore(watched.lab).all() == []


def test_what_can_not_be_used_is_moved_where_that_is_asked_for(watch) -> None:  # type: ignore[no-untyped-def]
    watched: Watched = watch(refused="move")
    (watched.folder / "sub").mkdir()
    (watched.folder / "sub" / "bad.wav").write_bytes(b"no sound")
    write_noise(watched.folder / "good.wav", 1)
    watched.settle()
    [moved] = (watched.folder / "refused").iterdir()
    assert moved.name.endswith("-bad.wav") and moved.read_bytes() == b"no sound"
    assert not (watched.folder / "sub" / "bad.wav").exists() and (watched.folder / "good.wav").exists()
    build(watched.lab)
    assert query(watched.lab, "SELECT name, placed FROM drops WHERE placed IS NOT NULL").rows == [
        ("sub/bad.wav", str(moved))
    ]
    watched.settle()
    assert watched.statuses() == {"good.wav": ["completed"], "sub/bad.wav": ["refused"]}


def test_a_full_disk_of_the_lab_is_not_the_files_fault(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    write_noise(watched.folder / "a.wav", 1)
    watched.look()
    watched.look()

    def full(*_: object, **__: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(InputStore, "register", full)
    for _ in range(5):
        with pytest.raises(StorageError):
            watched.take()
    monkeypatch.undo()
    watched.settle()
    assert watched.statuses() == {"a.wav": ["completed"]}


def test_a_file_over_which_processes_die_is_refused_in_the_end(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_noise(watched.folder / "a.wav", 1)
    write_noise(watched.folder / "b.wav", 2)
    watched.look()
    watched.look()
    register = InputStore.register

    class Killed(BaseException):
        """What a process that is killed does not catch."""

    def dies(self: InputStore, path: Path, kind: object = None) -> object:
        if path.name == "a.wav":
            raise Killed
        return register(self, path, "media")

    monkeypatch.setattr(InputStore, "register", dies)
    for _ in range(taking.MOST_TRIES):
        with pytest.raises(Killed):
            watched.take()
    watched.settle()
    assert watched.statuses() == {"a.wav": ["refused"], "b.wav": ["completed"]}
    assert "the process that did ended without a word, 3 times" in str(_rows(watched)[0][3])


def test_what_died_is_run_again_and_given_up_after_three_deaths(watched: Watched) -> None:
    for seed in range(2):
        write_noise(watched.folder / f"{seed}.wav", seed)
    watched.look()
    watched.look()
    watched.take()
    watched.run(lambda work: replace(work, status="pending", deaths=work.deaths + 1))
    watched.settle()
    assert watched.statuses() == {"0.wav": ["completed"], "1.wav": ["completed"]}
    assert watched.ran[0] == watched.ran[1]


def test_a_batch_has_the_key_that_its_recordings_give_it_and_another_when_tried_again(watched: Watched) -> None:
    write_noise(watched.folder / "a.wav", 1)
    watched.look()
    watched.look()
    watched.take()
    with DropState(watched.lab) as state:
        state.make_batches(2, 100, 1e9, 1.0)
        [first] = state.open_batches()
        works = state.works_of(first)
        state.end_batch(first, [replace(work, status="pending", deaths=1) for work in works])
        state.make_batches(2, 100, 1e9, 2.0)
        [second] = state.open_batches()
    assert first.key != second.key


def test_no_more_batches_are_open_than_there_may_be_and_none_is_larger(watched: Watched) -> None:
    for seed in range(7):
        write_noise(watched.folder / f"{seed}.wav", seed)
    watched.look()
    watched.look()
    watched.take()
    with DropState(watched.lab) as state:
        state.make_batches(2, 3, 1e9, 1.0)
        assert [len(state.works_of(batch)) for batch in state.open_batches()] == [3, 3]
    watched.settle()
    assert sorted(map(len, watched.ran)) == [1, 3, 3]


def test_a_batch_has_no_more_sound_than_it_may_and_a_longer_recording_is_one_by_itself(watched: Watched) -> None:
    for seed in range(5):
        write_noise(watched.folder / f"{seed}.wav", seed)  # a tenth of a second each
    watched.look()
    watched.look()
    watched.take()
    with DropState(watched.lab) as state:
        state.make_batches(1, 100, 0.25, 1.0)
        state.make_batches(2, 100, 0.05, 2.0)
        assert [len(state.works_of(batch)) for batch in state.open_batches()] == [2, 1]


def test_a_failed_file_is_done_again_when_asked_and_has_a_row_for_each_attempt(watched: Watched) -> None:
    from modellab.drops.report import retry

    write_noise(watched.folder / "a.wav", 1)
    (watched.folder / "b.wav").write_bytes(b"no sound")
    watched.look()
    watched.look()
    watched.take()
    watched.run(lambda work: replace(work, status="failed", reason="asr failed: no"))
    watched.record()
    with DropState(watched.lab) as state:
        assert [drop.path for drop in retry(state, ())] == [b"a.wav", b"b.wav"]
    os.utime(write_noise(watched.folder / "b.wav", 2), ns=(0, watched.drops()[1].mtime_ns))
    watched.settle()
    with DropState(watched.lab) as state:
        with pytest.raises(LabError, match=r"'a.wav' can't be done again; found it is completed"):
            retry(state, ["a.wav"])
        with pytest.raises(LabError, match=r"no file .c\.wav. was dropped"):
            retry(state, ["c.wav"])
    rows = [row[:4] for row in _rows(watched) if row[0] == "a.wav"]
    assert rows == [("a.wav", "failed", 1, "asr failed: no"), ("a.wav", "completed", 2, None)]


def test_rows_of_drops_are_made_again_from_the_records(watched: Watched) -> None:
    from modellab.warehouse.builder import rebuild

    write_noise(watched.folder / "a.wav", 1)
    watched.settle()
    before = _rows(watched)
    rebuild(watched.lab)
    assert query(watched.lab, ROWS).rows == before != []


def test_a_damaged_memory_is_said_in_words_that_help_and_costs_no_file_when_it_is_moved_away(watched: Watched) -> None:
    write_noise(watched.folder / "a.wav", 1)
    watched.settle()
    place = watched.lab.drops / "state.sqlite3"
    for left in watched.lab.drops.glob("state.sqlite3-*"):
        left.unlink()
    place.write_bytes(b"no database at all" * 1000)
    with pytest.raises(StorageError, match=r"can't be read or written: .*state\.sqlite3; found .*not a database"):
        watched.look()
    place.unlink()
    watched.settle()
    assert watched.statuses() == {"a.wav": ["completed"]}
    # What the records say of it stands for it: nothing is said twice.
    assert [row[:2] for row in _rows(watched)] == [("a.wav", "completed")]


def test_two_processes_that_look_at_the_same_moment_make_one_drop_of_a_file(watched: Watched) -> None:
    write_noise(watched.folder / "a.wav", 1)
    (watched.folder / "b.wav").write_bytes(b"12")
    for now in (0.0, 100.0):
        with DropState(watched.lab) as one, DropState(watched.lab) as other:
            listing = list_folder(watched.folder, watched.lab.home, subfolders=True)
            if now:
                del listing.entries[b"b.wav"]
            changes = look(one.known(watched.inbox.key), listing, now, 5.0)
            for state in (one, other):
                state.apply(watched.inbox.key, changes, now)
    watched.now = 100.0
    (watched.folder / "b.wav").unlink()
    watched.settle()
    assert watched.statuses() == {"a.wav": ["completed"], "b.wav": ["gone"]}


def test_taking_ends_in_time_and_goes_on_the_next_time(watched: Watched) -> None:
    for seed in range(3):
        write_noise(watched.folder / f"{seed}.wav", seed)
    watched.look()
    watched.look()
    clock = itertools.count(0.0, 10.0)
    with DropState(watched.lab) as state:
        taker = Taker(watched.lab, state, [watched.inbox], lambda _source: None, lambda: next(clock))
        assert taker.take_all(for_s=15.0) == Taken(registered=1)
    assert watched.take() == Taken(registered=2)
