"""When a file is complete, as one look after another says."""

from dataclasses import replace

from modellab.drops.listing import Entry, Listing
from modellab.drops.watching import Known, Look, look

WAV = Entry(b"a.wav", 100, 5, 1, 7)


def _listing(*entries: Entry, unreadable: list[bytes] | None = None) -> Listing:
    return Listing({entry.path: entry for entry in entries}, unreadable or [])


def _known(entry: Entry, state: str = "waiting", since: float = 0.0) -> dict[bytes, Known]:
    return {entry.path: Known(entry, state, since)}  # type: ignore[arg-type]


def test_a_new_file_is_waited_for() -> None:
    assert look({}, _listing(WAV), 100.0, 5.0) == Look(seen=[WAV])


def test_a_file_is_complete_when_it_stayed_the_same_for_long_enough() -> None:
    assert look(_known(WAV), _listing(WAV), 4.9, 5.0) == Look()
    assert look(_known(WAV), _listing(WAV), 5.0, 5.0) == Look(complete=[WAV])
    assert look(_known(WAV), _listing(WAV), 0.0, 0.0) == Look(complete=[WAV])


def test_a_file_that_grew_or_was_written_to_is_waited_for_anew() -> None:
    for changed in (replace(WAV, size=101), replace(WAV, mtime_ns=6)):
        assert look(_known(WAV), _listing(changed), 1000.0, 5.0) == Look(seen=[changed])
        assert look(_known(WAV, "taken"), _listing(changed), 1000.0, 5.0) == Look(seen=[changed])


def test_what_was_taken_is_not_taken_again() -> None:
    assert not look(_known(WAV, "taken"), _listing(WAV), 1e9, 5.0)


def test_another_inode_is_no_change_of_content() -> None:
    assert not look(_known(WAV, "taken"), _listing(replace(WAV, inode=8)), 1e9, 5.0)


def test_an_empty_file_is_waited_for_a_minute() -> None:
    empty = replace(WAV, size=0)
    assert look(_known(empty), _listing(empty), 59.0, 5.0) == Look()
    assert look(_known(empty), _listing(empty), 60.0, 5.0) == Look(complete=[empty])


def test_a_temporary_name_is_never_complete_and_a_rename_from_one_is_at_once() -> None:
    part = replace(WAV, path=b"a.wav.part", temporary=True)
    assert look(_known(part), _listing(part), 1e9, 5.0) == Look()
    assert look(_known(part), _listing(WAV), 0.1, 5.0) == Look(moved=[(part.path, WAV)], complete=[WAV])


def test_a_rename_that_came_with_a_change_is_waited_for() -> None:
    part = replace(WAV, path=b"a.wav.part", temporary=True)
    longer = replace(WAV, size=200)
    assert look(_known(part), _listing(longer), 0.1, 5.0) == Look(seen=[longer], gone=[part.path])


def test_a_file_with_another_name_is_the_same_file() -> None:
    other = replace(WAV, path=b"b.wav")
    for state in ("waiting", "taken"):
        assert look(_known(WAV, state), _listing(other), 0.1, 5.0) == Look(moved=[(b"a.wav", other)])


def test_a_copy_under_another_name_is_another_file() -> None:
    copy = replace(WAV, path=b"b.wav", inode=8)
    assert look(_known(WAV, "taken"), _listing(WAV, copy), 0.1, 5.0) == Look(seen=[copy])


def test_what_is_not_there_any_more_is_gone_unless_its_folder_hides_it() -> None:
    inside = replace(WAV, path=b"sub/a.wav")
    assert look(_known(inside), _listing(), 0.1, 5.0) == Look(gone=[b"sub/a.wav"])
    assert look(_known(inside), _listing(unreadable=[b"sub"]), 0.1, 5.0) == Look()
    assert look(_known(inside), _listing(unreadable=[b"su"]), 0.1, 5.0) == Look(gone=[b"sub/a.wav"])


def test_a_clock_that_was_set_back_makes_nothing_complete_too_early() -> None:
    assert look(_known(WAV, since=1000.0), _listing(WAV), 10.0, 5.0) == Look()
