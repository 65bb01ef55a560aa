"""A folder as people have them: odd things beside the recordings, and a lab whose disk lost a bit."""

import json
import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

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

    def fails_on_one(
        self: InputStore, path: Path, kind: InputKind | None = None, at: datetime | None = None
    ) -> RegisteredInput:
        if path.name == "d.wav":
            raise ZeroDivisionError("nobody thought of it")
        return register(self, path, kind, at)

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


@pytest.mark.parametrize("at_once_bytes", [1 << 20, 0])
def test_files_are_inputs_in_the_order_given_however_many_are_read_at_once(
    call: _Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once_bytes: int
) -> None:
    monkeypatch.setenv("MODELLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("modellab.runs.batch._AT_ONCE_BYTES", at_once_bytes)
    threads: set[str] = set()
    register = InputStore.register

    def told(
        self: InputStore, path: Path, kind: InputKind | None = None, at: datetime | None = None
    ) -> RegisteredInput:
        threads.add(threading.current_thread().name.rstrip("_0123456789"))
        return register(self, path, kind, at)

    monkeypatch.setattr(InputStore, "register", told)
    folder = tmp_path / "clips"
    folder.mkdir()
    names = [f"{number:02}.wav" for number in range(20)]
    for number, name in enumerate(names):
        # The last has the bytes of 02: one input under two names.
        soundfile.write(folder / name, np.full(8000, (2 if number == 19 else number) / 100), 16_000)
    code, out, _ = call("ingest", "--json", folder)
    assert code == 0
    assert [Path(entry["path"]).name for entry in json.loads(out)["inputs"]] == names
    listed = InputStore(Lab.from_environment()).all()
    assert [each.names[0] for each in listed] == names[:-1]
    assert listed[2].names == ("02.wav", "19.wav")
    assert threads == ({"modellab-at-once"} if at_once_bytes else {"MainThread"})


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
