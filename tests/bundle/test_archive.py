import os
import zipfile
from pathlib import Path

from modellab.bundle.archive import write_zip


def test_a_zip_depends_on_names_and_content_only(tmp_path: Path) -> None:
    archives = []
    for number, (mode, changed_s) in enumerate([(0o600, 1_000_000_000), (0o755, 1_700_000_000)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in (("b.txt", b"text" * 100), ("a.mp3", b"sound")):
            (folder / name).write_bytes(content)
            (folder / name).chmod(mode)
            os.utime(folder / name, (changed_s, changed_s))
        write_zip(folder / "pack.zip", [folder / "b.txt", folder / "a.mp3"])
        archives.append((folder / "pack.zip").read_bytes())
    assert archives[0] == archives[1]


def test_names_are_flat_readable_by_all_and_sound_is_not_compressed_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("会議.txt", "a.mp3"):
        (tmp_path / "in" / name).write_bytes(b"x" * 1000)
    write_zip(tmp_path / "pack.zip", [tmp_path / "in" / "会議.txt", tmp_path / "in" / "a.mp3"])
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        assert archive.testzip() is None
        text, sound = archive.infolist()
        assert (text.filename, sound.filename) == ("会議.txt", "a.mp3")
        assert text.external_attr >> 16 == 0o100644
        assert text.compress_size < 100 < sound.compress_size
        assert archive.read(text) == b"x" * 1000
