import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from modellab.artifacts.fingerprint import (
    DECIDES_NOTHING,
    SCHEME,
    ModelIdentity,
    StepIdentity,
    fingerprint,
    hashed_parameters,
    identity_of,
)
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.documents import save
from modellab.errors import ArtifactCorrupt, ArtifactMissing
from modellab.surfaces.results import Diarization, Segment, SpeechSegments

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


def test_a_result_is_kept_and_read_by_its_own_name(tmp_path: Path) -> None:
    store, speech = ArtifactStore(tmp_path / "store"), SpeechSegments([Segment(0.5, 2.0)], 3.0, -20.0)
    with store.staging() as folder:
        save(speech, folder)
        artifact = store.commit("vad", FP, folder, files=describe_files(folder), **FACTS)
    assert (artifact.holds(SpeechSegments), artifact.holds(Diarization)) == (True, False)
    assert artifact.read(SpeechSegments) == speech
    with pytest.raises(ArtifactMissing, match=r"has no file 'diarization\.json'; allowed: speech\.json"):
        artifact.read(Diarization)


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


MODEL = ModelIdentity("m", "v", "w", "onnx", "1.0", "cpu", "int8")


def _identity(**changes: object) -> StepIdentity:
    fields: dict[str, object] = {
        "step": "asr",
        "code_version": "1",
        "parameters": {"beam_size": 5, "language": None},
        "model": MODEL,
        "reads": {"audio": "a" * 64, "speech": None},
    }
    return StepIdentity(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_fingerprint_is_stable_across_versions_of_this_code() -> None:
    assert fingerprint(_identity()) == "c20d3f0148ef8fc8abdd5dff361683a1078fccc986689a15c4861ba6049533dc"


def test_the_fingerprint_from_a_manifest_is_the_one_computed_before_the_run() -> None:
    before = _identity(helpers={"embedder": MODEL}, packages={"numpy": "2.0"})
    assert fingerprint(identity_of(json.loads(json.dumps(asdict(before))))) == fingerprint(before)


def test_what_is_left_open_is_not_hashed() -> None:
    model = ModelIdentity("m", "v", "w", "onnx", "1.0", "cpu", "int8", sample_rate_hz=None, batch_size=None)
    more = _identity(parameters={"beam_size": 5, "new": None, "chain": [{"name": "gain", "db": None}]}, model=model)
    less = _identity(parameters={"beam_size": 5, "chain": [{"name": "gain"}]}, reads={"audio": "a" * 64})
    assert fingerprint(more) == fingerprint(less)


class _Asking(BaseModel):
    beam_size: int = 5
    language: str | None = None
    retries: Annotated[int, DECIDES_NOTHING] = 3


def test_how_patiently_an_answer_is_asked_for_is_not_hashed() -> None:
    assert hashed_parameters(_Asking(retries=9)) == {"beam_size": 5}
    assert hashed_parameters(_Asking(language="de")) == {"beam_size": 5, "language": "de"}


@pytest.mark.parametrize(
    "change",
    [
        {"step": "vad"},
        {"code_version": "2"},
        {"parameters": {"beam_size": 1, "language": None}},
        {"model": None},
        {"model": replace(MODEL, device="cuda")},
        {"model": replace(MODEL, parameters={"threshold": 0.1})},
        {"model": replace(MODEL, sample_rate_hz=16_000)},
        {"model": replace(MODEL, batch_size=8)},
        {"helpers": {"embedder": MODEL}},
        {"packages": {"soxr": "1.1.0"}},
        {"scheme": SCHEME + 1},
        {"reads": {"audio": "a" * 64, "speech": "b" * 64}},
    ],
)
def test_everything_a_result_depends_on_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert fingerprint(_identity(**change)) != fingerprint(_identity())
