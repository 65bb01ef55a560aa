import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.artifacts.fingerprint import ModelIdentity, StepIdentity, fingerprint
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.errors import ArtifactCorrupt, ArtifactMissing

FP = "ab" + "0" * 62
FACTS: dict[str, dict[str, str]] = {"identity": {}, "summary": {"words": "2"}, "made": {}}


def _commit(store: ArtifactStore, text: str) -> None:
    with store.staging() as folder:
        (folder / "out.txt").write_text(text)
        store.commit("asr", FP, folder, files=describe_files(folder), **FACTS)


def test_a_committed_artifact_is_found_with_its_files(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    assert store.find("asr", FP) is None
    _commit(store, "hello")
    artifact = store.get("asr", FP)
    assert artifact.path == tmp_path / "asr" / "ab" / FP
    assert artifact.file("out.txt").read_text() == "hello"
    assert artifact.summary == {"words": "2"}
    artifact.verify()
    assert list((tmp_path / ".staging").iterdir()) == []


def test_the_first_of_two_writers_wins_and_nothing_changes(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    _commit(store, "first")
    _commit(store, "second")
    assert store.get("asr", FP).file("out.txt").read_text() == "first"
    assert len(list(store.all())) == 1


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    with pytest.raises(RuntimeError), store.staging() as folder:
        (folder / "half").write_text("x")
        raise RuntimeError
    assert store.find("asr", FP) is None
    assert list((tmp_path / ".staging").iterdir()) == []


def test_only_listed_files_are_served(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    _commit(store, "hello")
    artifact = store.get("asr", FP)
    (artifact.path / "planted.txt").write_text("x")
    with pytest.raises(ArtifactMissing, match=r"has no file 'planted.txt'; allowed: out.txt"):
        artifact.file("planted.txt")


def test_changed_files_and_broken_manifests_are_noticed(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    _commit(store, "hello")
    artifact = store.get("asr", FP)
    (artifact.path / "out.txt").write_text("jello")
    with pytest.raises(ArtifactCorrupt, match=r"out\.txt does not match"):
        artifact.verify()


def _manifest(**changes: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda folder: (folder / "out.txt").write_text("hell"), "out.txt has 4 bytes, not 5"),
        (lambda folder: (folder / "out.txt").unlink(), "out.txt is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json can't be read"),
        (lambda folder: (folder / "manifest.json").write_bytes(b"\x00" * 400), "manifest.json can't be read"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest.json is not a manifest"),
        (_manifest(files=None), "manifest.json is not a manifest"),
        (_manifest(files={"out.txt": {}}), "manifest.json is not a manifest"),
        (_manifest(fingerprint="cd" + "0" * 62), "manifest.json is that of another result"),
    ],
)
def test_what_is_damaged_is_moved_aside_and_made_anew(
    tmp_path: Path, damage: Callable[[Path], object], what: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    _commit(store, "hello")
    place = store.get("asr", FP).path
    damage(place)
    left = sorted(path.name for path in place.iterdir())
    assert store.find("asr", FP) is None
    assert not place.exists()
    (aside,) = (tmp_path / "set-aside").iterdir()
    assert aside.name.endswith(f"-asr-{FP[:16]}")
    assert sorted(path.name for path in aside.iterdir()) == left
    assert what in caplog.text and str(aside) in caplog.text
    assert what in str(store.why_set_aside("asr", FP))
    _commit(store, "hello")
    assert store.get("asr", FP).file("out.txt").read_text() == "hello"


def test_a_changed_byte_is_found_by_the_thorough_check_alone(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    _commit(store, "hello")
    artifact = store.get("asr", FP)
    assert store.check(artifact.path) is None
    (artifact.path / "out.txt").write_text("jello")
    assert store.find("asr", FP) == artifact
    assert "out.txt does not match" in str(store.check(artifact.path))
    assert store.find("asr", FP) is None


def test_a_result_is_committed_where_a_damaged_one_lies(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    _commit(store, "hello")
    (store.get("asr", FP).path / "out.txt").unlink()
    _commit(store, "again")
    assert store.get("asr", FP).file("out.txt").read_text() == "again"


def test_of_two_that_meet_the_same_damage_neither_moves_what_the_other_made(tmp_path: Path) -> None:
    first, second = ArtifactStore(tmp_path / "artifacts"), ArtifactStore(tmp_path / "artifacts")
    _commit(first, "hello")
    place = first.get("asr", FP).path
    (place / "out.txt").unlink()
    seen = second._set_aside_if  # the second has looked, and is held up before it acts

    def held_up(*arguments: Any) -> Artifact | None:
        assert first.find("asr", FP) is None
        _commit(first, "anew")
        return seen(*arguments)

    second._set_aside_if = held_up  # type: ignore[method-assign]
    found = second.find("asr", FP)
    assert found is not None and found.file("out.txt").read_text() == "anew"
    assert len(list((tmp_path / "set-aside").iterdir())) == 1


def _identity(**changes: object) -> StepIdentity:
    fields: dict[str, object] = {
        "step": "asr",
        "code_version": "1",
        "parameters": {"beam_size": 5, "language": None},
        "model": ModelIdentity("m", "v", "w", "onnx", "1.0", "cpu", "int8"),
        "reads": {"audio": "a" * 64, "speech": None},
    }
    return StepIdentity(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_fingerprint_is_stable_across_versions_of_this_code() -> None:
    assert fingerprint(_identity()) == "764cb23877f807c8f1f99b58cc08485be8b073db87fcb529214204cd45c0255f"


def test_the_fingerprint_from_a_manifest_is_the_one_computed_before_the_run() -> None:
    from dataclasses import asdict

    before = _identity()
    read_back = json.loads(json.dumps(asdict(before)))
    model = ModelIdentity(**read_back.pop("model"))
    assert fingerprint(StepIdentity(model=model, **read_back)) == fingerprint(before)


@pytest.mark.parametrize(
    "change",
    [
        {"step": "vad"},
        {"code_version": "2"},
        {"parameters": {"beam_size": 1, "language": None}},
        {"model": None},
        {"model": ModelIdentity("m", "v", "w", "onnx", "1.0", "cuda", "int8")},
        {"reads": {"audio": "a" * 64, "speech": "b" * 64}},
    ],
)
def test_everything_a_result_depends_on_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert fingerprint(_identity(**change)) != fingerprint(_identity())
