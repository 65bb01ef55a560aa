"""YAML of model folders that was read before: a changed file is seen at once, and what is damaged heals itself."""

import json
import os
import time
from pathlib import Path

import pytest
import yaml

from modellab.registry import read_before
from modellab.registry.read_before import ReadBefore
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from tests.registry.conftest import WriteModel, config_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("a: [1, 2.0, true, null, 'ä']\n")
    return path


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled as soon as they are written."""
    monkeypatch.setattr(read_before, "_SETTLED_NS", -(10**12))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were parsed, in order."""
    seen: list[Path] = []
    real = read_before.read_yaml

    def counted(path: Path) -> object:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(read_before, "read_yaml", counted)
    return seen


def read(kept: Path, file: Path) -> object:
    """As a process of its own would."""
    files = ReadBefore(kept)
    content = files.read(file)
    files.keep()
    return content


@pytest.mark.usefixtures("settled")
def test_a_file_is_parsed_once_until_it_changes(file: Path, tmp_path: Path, parsed: list[Path]) -> None:
    kept = tmp_path / "kept.json"
    first, second = read(kept, file), read(kept, file)
    assert first == second == {"a": [1, 2.0, True, None, "ä"]}
    assert list(map(type, second["a"])) == [int, float, bool, type(None), str]  # type: ignore[index]
    assert parsed == [file]
    before = file.stat()
    file.write_text("a: [9, 2.0, true, null, 'ä']\n")  # as long as before,
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # and of the same time
    assert read(kept, file) == {"a": [9, 2.0, True, None, "ä"]}
    other = tmp_path / "other.yaml"
    other.write_text("a: [8, 2.0, true, null, 'ä']\n")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    assert read(kept, file) == {"a": [8, 2.0, True, None, "ä"]}
    assert parsed == [file] * 3


def test_what_changed_just_now_is_parsed_each_time(file: Path, tmp_path: Path, parsed: list[Path]) -> None:
    kept = tmp_path / "kept.json"
    assert read(kept, file) == read(kept, file)
    assert parsed == [file] * 2
    assert not kept.exists()
    assert time.time_ns() - file.stat().st_mtime_ns < read_before._SETTLED_NS


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("damage", ["bit", "half", "empty", "digest", "other", "folder"])
def test_what_is_damaged_heals_itself(damage: str, file: Path, tmp_path: Path, parsed: list[Path]) -> None:
    kept = tmp_path / "kept.json"
    read(kept, file)
    data = kept.read_bytes()
    kept.unlink()
    if damage == "folder":
        (kept / "inside").mkdir(parents=True)
    else:
        flipped = data.replace(b"2.0", b"3.0")
        assert flipped != data
        other = json.dumps([1]).encode()
        kept.write_bytes(
            {
                "bit": flipped,
                "half": data[: len(data) // 2],
                "empty": b"",
                "digest": b"\xff" + data[1:],
                "other": read_before._digest(other).encode() + b"\n" + other,
            }[damage]
        )
    assert read(kept, file) == {"a": [1, 2.0, True, None, "ä"]}
    assert parsed == [file] * 2
    if damage != "folder":
        assert read(kept, file) == {"a": [1, 2.0, True, None, "ä"]}
        assert parsed == [file] * 2


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("text", ["a: 2020-01-01\n", "1: one\n", "a: !!set {x}\n"])
def test_what_json_can_not_hold_is_parsed_each_time(text: str, file: Path, tmp_path: Path) -> None:
    file.write_text(text)
    kept = tmp_path / "kept.json"
    assert read(kept, file) == read(kept, file) == yaml.safe_load(text)


@pytest.mark.usefixtures("settled")
def test_files_that_are_gone_are_forgotten(file: Path, tmp_path: Path) -> None:
    kept, other = tmp_path / "kept.json", tmp_path / "other.yaml"
    read(kept, file)
    file.unlink()
    other.write_text("1.5")
    assert read(kept, other) == 1.5
    assert str(file) not in kept.read_text()


@pytest.mark.usefixtures("settled")
def test_a_changed_config_is_seen_at_once_and_a_broken_one_is_named(
    folder: Path, write_model: WriteModel, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_MODELS", str(folder))
    lab.home.mkdir(exist_ok=True)
    place = write_model("toy")

    def look() -> tuple[list[str], list[Path]]:
        registry = ModelRegistry()
        names = [config.name for config in registry.configs() if config.id == "toy"]
        return names, [one.file for one in registry.broken()]

    assert look() == look() == (["Toy"], [])
    assert str(place) in Lab.from_environment().models_read.read_text()
    (place / "config.yaml").write_text(yaml.safe_dump(config_of("toy", name="Yot")))
    assert look() == look() == (["Yot"], [])
    (place / "config.yaml").write_text(yaml.safe_dump(config_of("toy", name=None)))
    assert look() == look() == ([], [place / "config.yaml"])
    (place / "config.yaml").write_text("a: [\n")
    assert look() == look() == ([], [place / "config.yaml"])


def test_looking_makes_no_home(folder: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model("toy")
    monkeypatch.setenv("MODELLAB_MODELS", str(folder))
    monkeypatch.setenv("MODELLAB_HOME", str(folder.parent / "home"))
    assert "toy" in [config.id for config in ModelRegistry().configs()]
    assert not (folder.parent / "home").exists()
