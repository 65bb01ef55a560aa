"""A folder as people have them: odd things beside the recordings, and a lab whose disk lost a bit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from modellab.artifacts.store import ArtifactStore
from modellab.inputs.registered import InputKind, RegisteredInput
from modellab.inputs.store import InputStore
from modellab.runs.batch import Batch
from modellab.settings import Lab

_Call = Callable[..., tuple[int, str, str]]


def test_one_odd_file_never_stops_the_rest(
    call: _Call, home: Path, sample_wav: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(sample_wav, tmp_path / "b.wav")
    for name in ("a.wav", "c.wav"):
        (tmp_path / name).write_text("no audio")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    shutil.copy(sample_wav, tmp_path / "d.wav")
    register = InputStore.register

    def fails_on_one(self: InputStore, path: Path, kind: InputKind | None = None) -> RegisteredInput:
        if path.name == "d.wav":
            raise ZeroDivisionError("nobody thought of it")
        return register(self, path, kind)

    monkeypatch.setattr(InputStore, "register", fails_on_one)
    code, out, err = call("ingest", "--json", tmp_path, tmp_path / "gone.wav")
    document = json.loads(out)
    assert code == 1
    assert [(Path(entry["path"]).name, entry["status"]) for entry in document["inputs"]] == [
        ("a.wav", "refused"),
        ("b.wav", "completed"),
        ("c.wav", "refused"),
        ("d.wav", "failed"),
        ("gone.wav", "refused"),
    ]
    assert document["inputs"][3]["error"].startswith("unexpected ZeroDivisionError: nobody thought of it")
    assert document["left_out"]["files"] == {".txt": 1}
    assert document["left_out"]["linked_folders"] == [str(tmp_path / "loop")]
    assert f"! left out: 1 file without sound (1 .txt); 1 linked folder not followed ({tmp_path}/loop)\n" in err


def test_a_lab_never_eats_itself(call: _Call, home: Path) -> None:
    code, out, _ = call("ingest", "--json", home)
    [entry] = json.loads(out)["inputs"]
    assert (code, entry["status"]) == (1, "refused")
    assert "is the lab's own home, or lies in it" in entry["error"]


def test_a_damaged_copy_is_named_by_doctor_and_repaired_by_the_intact_file(
    call: _Call, home: Path, sample_wav: Path
) -> None:
    call("ingest", sample_wav)
    [source] = InputStore(Lab.from_environment()).all()
    assert json.loads(call("doctor", "--json", "--check-inputs")[1])["damaged_inputs"] == {}
    content = bytearray(source.path.read_bytes())
    content[-1] ^= 1
    source.path.write_bytes(content)
    code, out, _ = call("doctor", "--json", "--check-inputs")
    damaged = json.loads(out)["damaged_inputs"]
    assert (code, list(damaged)) == (1, [source.key])
    assert "Run the intact recording again: that repairs the copy." in damaged[source.key]
    assert f"✗ {source.key}: the lab's copy of" in call("doctor", "--check-inputs")[1]
    assert call("ingest", sample_wav)[0] == 0
    assert source.path.read_bytes() == sample_wav.read_bytes()


def test_a_damaged_result_is_named_by_doctor_and_made_again(call: _Call, home: Path, sample_wav: Path) -> None:
    assert call("run", "--json", "--pipeline", "ingest", sample_wav)[0] == 0
    assert json.loads(call("doctor", "--json", "--check-results")[1])["damaged_results"] == {}
    assert "✓ Every result in the lab is what was made." in call("doctor", "--check-results")[1]
    store = ArtifactStore(Lab.from_environment().artifacts)
    [made] = store.all()
    [name, *_] = made.manifest["files"]
    whole = (made.path / name).read_bytes()
    (made.path / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert json.loads(call("doctor", "--json")[1])["damaged_results"] is None
    code, out, _ = call("doctor", "--json", "--check-results")
    assert (code, json.loads(out)["damaged_results"]) == (
        1,
        {
            f"ingest/{made.fingerprint}": f"artifact {made.path}: file {name} does not match its manifest. "
            f"It was moved to {home / 'set-aside'}; the next run that needs it makes it again."
        },
    )
    assert call("run", "--json", "--pipeline", "ingest", sample_wav)[0] == 0
    [again] = store.all()
    assert (again.path / name).read_bytes() == whole


def test_what_keeps_dagster_from_starting_is_every_files_outcome(lab: Lab, sample_wav: Path) -> None:
    from modellab.cli.console import stderr
    from modellab.cli.live import PlainWatcher
    from modellab.pipeline.system import resolve_system
    from modellab.registry.registry import ModelRegistry

    started = []

    def start(_: Lab) -> object:
        started.append(1)
        raise OSError(28, "No space left on device", str(lab.dagster_home))

    system = resolve_system("ingest", ModelRegistry())
    batch = Batch(lab, system, start)  # type: ignore[arg-type]
    outcomes = batch.run([sample_wav, sample_wav], PlainWatcher(stderr(), system))
    assert [outcome.status for outcome in outcomes] == ["failed", "failed"]
    assert started == [1]
    assert f"{lab.dagster_home} is on a disk that is full; found No space left on device" in str(outcomes[1].error)
