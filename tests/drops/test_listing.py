"""What of a real folder counts as dropped."""

import os
from pathlib import Path

import pytest

from modellab.drops.listing import list_folder
from modellab.errors import InboxError


def test_every_file_is_listed_whatever_its_name(tmp_path: Path) -> None:
    names = [b"plain.wav", b"two words.wav", b"K\xc3\xb6ln.wav", b"not utf-8 \xff.wav", b"line\nbreak.wav", b"noending"]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"12")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "deep.wav").write_bytes(b"123")
    listing = list_folder(tmp_path, Path("/nowhere"), subfolders=True)
    assert {path: entry.size for path, entry in listing.entries.items()} == {
        **dict.fromkeys(names, 2),
        b"a/b/deep.wav": 3,
    }
    assert all(entry.kind == "file" and not entry.temporary for entry in listing.entries.values())
    assert set(list_folder(tmp_path, Path("/nowhere"), subfolders=False).entries) == set(names)


def test_hidden_names_and_the_labs_own_files_are_left_out(tmp_path: Path) -> None:
    for name in (".hidden.wav", "a.wav.modellab.txt", "a.wav.modellab.zip"):
        (tmp_path / name).touch()
    for folder in (".trash", "refused", "kept"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.wav").touch()
    (tmp_path / "kept" / "refused").mkdir()
    (tmp_path / "kept" / "refused" / "b.wav").touch()
    assert set(list_folder(tmp_path, Path("/nowhere"), subfolders=True).entries) == {
        b"kept/a.wav",
        b"kept/refused/b.wav",
    }


@pytest.mark.parametrize(
    "name", ["a.wav.part", "a.wav.crdownload", "a.wav~", "a.tmp", "A.TMP", "~$a.wav", "a.wav.filepart", "a.wav.partial"]
)
def test_names_of_what_is_not_complete_are_known(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    [entry] = list_folder(tmp_path, Path("/nowhere"), subfolders=True).entries.values()
    assert entry.temporary


def test_links_are_listed_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(b"123")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file.wav").symlink_to(outside / "secret.wav")
    (folder / "sub").symlink_to(outside)
    (folder / "broken.wav").symlink_to("nothing")
    os.mkfifo(folder / "pipe.wav")
    entries = list_folder(folder, Path("/nowhere"), subfolders=True).entries
    assert {path: entry.kind for path, entry in entries.items()} == {
        b"file.wav": "link",
        b"sub": "link",
        b"broken.wav": "link",
        b"pipe.wav": "special",
    }


def test_homes_of_labs_are_left_out(tmp_path: Path) -> None:
    for home in ("this", "other"):
        (tmp_path / home / "inputs").mkdir(parents=True)
        (tmp_path / home / "inputs" / "media.wav").touch()
    (tmp_path / "other" / "artifacts" / "records").mkdir(parents=True)
    assert not list_folder(tmp_path, tmp_path / "this", subfolders=True).entries


def test_a_folder_that_is_not_there_is_an_error_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match="can't be looked into; found No such file"):
        list_folder(tmp_path / "away", Path("/nowhere"), subfolders=True)
