"""Disks, permissions and databases that refuse: path, what is free, what to do, and never a defect of Model Lab."""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import sqlalchemy

from modellab import disk
from modellab.disk import require_space, require_writable
from modellab.errors import LabError, StepFailed, StorageError, UsageError
from modellab.inputs.store import InputStore
from modellab.settings import Lab
from modellab.trouble import as_lab_error, storage_error
from modellab.warehouse.builder import build
from modellab.warehouse.query import query


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is on a disk that is full; found No space left on device"),
        (errno.EDQUOT, "would go over this user's quota"),
        (errno.EACCES, "is not permitted to this user; found Permission denied. Give this user the right to it"),
        (errno.EROFS, "is on a disk that is mounted read-only; found Read-only file system. Mount it for writing"),
        (
            errno.EIO,
            "can't be read or written: the disk reports an error; found Input/output error. Look after the disk",
        ),
        (errno.ENAMETOOLONG, "is a name or path too long for its disk"),
    ],
)
def test_the_systems_errors_name_the_path_and_what_to_do(number: int, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    error = RuntimeError("something failed")
    error.__cause__ = OSError(number, os.strerror(number), str(path))
    found = as_lab_error(error)
    assert isinstance(found, StorageError)
    assert str(found).startswith(f"{path} {words}")
    assert "defect" not in str(found)


def test_a_full_disk_says_what_is_free(tmp_path: Path) -> None:
    found = storage_error(OSError(errno.ENOSPC, "No space left on device"), tmp_path / "not" / "there")
    assert found is not None and found.found is not None
    assert found.found.endswith(" free now")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("database or disk is full", "is on a disk that is full"),
        ("attempt to write a readonly database", "is on a disk that is mounted read-only"),
        ("database is locked", "can't be used; found database is locked. Another program has it open"),
        ("database disk image is malformed", "can't be used; found database disk image is malformed. It is damaged"),
    ],
)
def test_sqlite_through_sqlalchemy(words: str, found: str, tmp_path: Path) -> None:
    error = sqlalchemy.exc.OperationalError("INSERT", {}, sqlite3.OperationalError(words))
    assert found in str(as_lab_error(error, tmp_path))


def test_duckdb_has_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error) as caught:
        duckdb.connect(str(tmp_path / "no" / "such" / "folder.duckdb"))
    assert isinstance(as_lab_error(caught.value, tmp_path), StorageError)


def test_what_is_a_defect_is_called_one() -> None:
    for error in (KeyError("x"), ConnectionError("nobody answers"), ValueError("y")):
        assert storage_error(error) is None
        assert "This is a defect of Model Lab" in str(as_lab_error(error))
    handled = ValueError("shown while a missing file was handled")
    handled.__context__ = FileNotFoundError(errno.ENOENT, "No such file", "x")
    assert storage_error(handled) is None
    own = StepFailed("own words")
    wrapped = RuntimeError()
    wrapped.__cause__ = own
    assert as_lab_error(wrapped) is own


@pytest.mark.parametrize("name", ["a%41b", "a?b", "a\\b", "a\nb", os.fsdecode(b"a\xff")])
def test_a_home_that_a_database_would_misread_is_refused(name: str, lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"the lab's home can't have .* in its path"):
        Lab(lab.settings.model_copy(update={"home": lab.home / name}))


@pytest.mark.parametrize("name", ["a b", "a#b", "a&b=c", "100%", "ä 中", "a[b]*c", "a'b\"c", "a;b,c|d{e}$HOME~"])
def test_any_other_home_works(name: str, lab: Lab, sample_wav: Path) -> None:
    from modellab_dagster.home import open_instance

    odd = Lab(lab.settings.model_copy(update={"home": lab.home / name}))
    InputStore(odd).register(sample_wav)
    build(odd)
    assert query(odd, "SELECT count(*) AS n FROM inputs").rows == [(0,)]
    with open_instance(odd, runs_here=True) as instance:
        instance.add_dynamic_partitions("inputs", ["a"])
    assert sorted(path.name for path in lab.home.iterdir()) == [name]
    assert (odd.dagster_home / "history" / "runs.db").is_file()


def test_room_is_asked_for_before_the_work(lab: Lab, small_disk: Callable[[str], Path]) -> None:
    place = small_disk("size=1m")
    with pytest.raises(StorageError, match=rf"talk needs 34\.6 MB on the disk of {place}/home; found 1\.0 MB free"):
        require_space(place / "home", 1_000_000, "talk")
    small_disk("ro,size=1m")
    with pytest.raises(StorageError, match=rf"{place}/home is on a disk that is mounted read-only"):
        require_writable(place / "home")


def test_a_folder_that_is_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(StorageError, match=f"{home}"):
            require_writable(home)


def test_a_disk_that_fills_while_a_recording_is_copied(
    lab: Lab, sample_wav: Path, small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = small_disk("size=512k")
    monkeypatch.setattr(disk, "MARGIN_BYTES", -(1 << 30))
    store = InputStore(Lab(lab.settings.model_copy(update={"home": place / "home"})))
    with pytest.raises(LabError, match=r"is on a disk that is full; found No space left on device, .* MB free"):
        store.register(sample_wav)
    assert [path for path in (place / "home").rglob("*") if path.is_file() and path.name != ".lock"] == []
