"""What a folder stands for."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from modellab.inputs.store import InputStore
from modellab.media.folders import find_media, refused_folder, sound_endings
from modellab.settings import Lab

NOWHERE = Path("/nowhere")


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_folders_give_their_media_in_order_and_account_for_the_rest(tmp_path: Path) -> None:
    _touch(tmp_path, "b.wav", "a.MP3", "notes.txt", "a.rttm", "README", ".hidden.wav", "sub/z.mkv", "sub/deep/y.flac")
    _touch(tmp_path, ".git/x.wav", "more.txt", "list.m3u8", "code.ts")
    (tmp_path / "sub" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing")
    (tmp_path / "linked.wav").symlink_to(tmp_path / "sub" / "z.mkv")
    os.mkfifo(tmp_path / "pipe.wav")
    found = find_media([tmp_path / "b.wav", tmp_path, tmp_path / "no.wav", tmp_path / "notes.txt"], NOWHERE)
    names = ["b.wav", "a.MP3", "b.wav", "linked.wav", "sub/z.mkv", "sub/deep/y.flac", "no.wav", "notes.txt"]
    assert found.files == [tmp_path / name for name in names]
    assert found.left_out.endings == Counter({".txt": 2, ".rttm": 1, "": 1, ".m3u8": 1, ".ts": 1})
    assert found.left_out.hidden == 2
    assert found.left_out.linked_folders == [tmp_path / "sub" / "again"]
    assert found.left_out.broken_links == [tmp_path / "gone.wav"]
    assert found.left_out.special == [tmp_path / "pipe.wav"]
    assert found.left_out.sentences() == [
        "left out: 6 files without sound (2 .txt, 1 without ending, 1 .rttm, 1 .ts, 1 .m3u8); 2 hidden; "
        f"1 linked folder not followed ({tmp_path}/sub/again); 1 broken link ({tmp_path}/gone.wav); "
        f"1 pipe, socket or device ({tmp_path}/pipe.wav)"
    ]


def test_endings_are_those_of_libav() -> None:
    assert {".wav", ".mp3", ".m4a", ".mts", ".wma", ".oga", ".w64", ".caf", ".amr", ".gxf", ".wtv"} <= sound_endings()
    assert not {".txt", ".jpg", ".srt", ".pdf", ".h264", ".m3u8", ".ts", ".png", ".vtt"} & sound_endings()


def test_what_has_no_known_ending_is_known_by_its_content(tmp_path: Path, sample_wav: Path) -> None:
    for name in ("recording", "talk.xyz", "call.dat", "2026-11-20 14.30"):
        shutil.copy(sample_wav, tmp_path / name)
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    (tmp_path / "letter").write_text("Dear Ann", encoding="utf-16")
    (tmp_path / "cut.mp9").write_bytes(sample_wav.read_bytes()[:40])
    found = find_media([tmp_path], NOWHERE)
    assert [path.name for path in found.files] == ["2026-11-20 14.30", "call.dat", "recording", "talk.xyz"]
    assert found.left_out.endings == Counter({"": 2, ".mp9": 1})


def test_the_labs_own_home_never_becomes_input(lab: Lab, sample_wav: Path) -> None:
    folder = lab.home.parent / "recordings"
    home = Lab(lab.settings.model_copy(update={"home": folder / "lab"}))
    folder.mkdir()
    shutil.copy(sample_wav, folder / "a.wav")
    store = InputStore(home)
    store.register(folder / "a.wav")
    found = find_media([folder], home.home)
    assert (found.files, found.left_out.homes) == ([folder / "a.wav"], [home.home])
    assert found.left_out.sentences() == [f"left out: a lab's home ({home.home})"]
    home.records.mkdir(parents=True)
    assert find_media([folder], NOWHERE).left_out.homes == [home.home]
    for inside in (home.home, home.inputs, folder / "lab" / ".." / "lab"):
        assert find_media([inside], home.home).files == [inside]
        assert "is the lab's own home, or lies in it" in str(refused_folder(inside, home.home))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, other than pytest's."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_folders_that_are_empty_or_closed_are_refused_by_name(lab: Lab, open_folder: Path) -> None:
    empty, closed = open_folder / "empty", open_folder / "closed"
    _touch(open_folder, "empty/notes.txt", "closed/a.wav")
    assert find_media([empty], lab.home).files == [empty]
    assert "empty has no audio or video file in it" in str(refused_folder(empty, lab.home))
    closed.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        found = find_media([open_folder, closed / "a.wav"], NOWHERE)
        said = str(refused_folder(closed, lab.home))
    finally:
        os.seteuid(user)
    assert found.files == [closed, closed / "a.wav"]
    assert said == "closed can't be read; found Permission denied. Give this user the right to read it."
    assert found.left_out.endings == Counter({".txt": 1})
