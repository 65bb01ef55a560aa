from pathlib import Path
from typing import Any

import pytest

from modellab.errors import LabError, PathRefused
from modellab.files import STAGING, atomic_path, canonical_json, confine, sha256_file, staging_folder, write_atomic


def test_sha256_of_known_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomic(target, "old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_canonical_json_does_not_depend_on_order_and_refuses_nan() -> None:
    assert canonical_json({"b": 1, "a": [1.5, "é"]}) == '{"a":[1.5,"é"],"b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": float("nan")})


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "/etc/passwd"])
def test_paths_that_lead_outside_are_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(PathRefused, match="leads outside"):
        confine(root / path, root)


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("s")
    (root / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(PathRefused):
        confine(root / "link", root)


def test_an_error_says_what_was_found_what_is_allowed_and_what_to_do() -> None:
    error = LabError("rate of a.wav is wrong", found="0 Hz", allowed="8000 to 192000 Hz", hint="Record it again.")
    assert str(error) == "rate of a.wav is wrong; found 0 Hz; allowed: 8000 to 192000 Hz. Record it again."


def test_written_files_can_be_read_as_any_new_file(tmp_path: Path) -> None:
    plain, atomic = tmp_path / "plain", tmp_path / "atomic"
    plain.touch()
    write_atomic(atomic, b"x")
    assert atomic.stat().st_mode == plain.stat().st_mode


def test_a_new_folder_that_another_process_tidies_away_at_once_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = Path.mkdir, list[Path]()

    def tidied_away(path: Path, *arguments: Any, **options: Any) -> None:
        make(path, *arguments, **options)
        if path.parent.name == STAGING and not made:
            made.append(path)
            path.rmdir()

    monkeypatch.setattr(Path, "mkdir", tidied_away)
    with staging_folder(tmp_path) as folder:
        assert folder.is_dir() and folder not in made
    assert len(made) == 1
