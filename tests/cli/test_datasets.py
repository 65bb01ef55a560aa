"""`modellab datasets`: what there is, what is in it, what is wrong with it, and making one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from modellab.datasets.catalogue import Catalogue
from modellab.settings import Lab

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "lab"


def tone(path: Path, hz: float, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(16000 * seconds)) / 16000
    soundfile.write(path, np.sin(2 * np.pi * hz * times).astype(np.float32) / 4, 16000)
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    tone(folder / "Monday call.wav", 300)
    tone(folder / "sub" / "monday-call.wav", 400, 2.0)
    (folder / "notes.md").write_text("not a recording")
    return folder


def edit(home: Path, dataset: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = home / "datasets" / dataset / "dataset.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def of_case(document: dict[str, Any], case: str) -> dict[str, Any]:
    found = next(each for each in document["cases"] if each["id"] == case)
    assert isinstance(found, dict)
    return found


def test_a_dataset_of_ones_own_from_recordings_to_a_check(call: Call, home: Path, recordings: Path) -> None:
    code, out, err = call("datasets", "create", "calls", recordings, "--language", "en", "--task", "asr")
    assert (code, "left out: 1 file without sound (1 .md)" in err) == (0, True)
    place = home / "datasets" / "calls" / "dataset.yaml"
    assert f"✓ calls: 2 cases in {place}" in out
    assert "Then: modellab datasets check calls" in out

    code, out, err = call("datasets", "check", "calls")
    assert code == 1
    assert out.splitlines() == [
        "✗ tasks: no case has what asr is judged by: text, stm or ctm",
        "✗ monday-call, reference: nothing is known of it, so nothing can be held against it",
        "✗ monday-call-2, reference: nothing is known of it, so nothing can be held against it",
        f"3 problems, in 2 of 2 cases: {place}",
    ]

    def write(content: dict[str, Any]) -> None:
        of_case(content, "monday-call").update(
            reference={"text": "Hello."}, speakers=["anna"], tags={"noise": "street"}
        )
        of_case(content, "monday-call-2").update(reference={"text": "Bye."}, tags={"noise": "street", "accent": "us"})

    edit(home, "calls", write)
    code, out, _ = call("datasets", "check", "calls")
    assert (code, out) == (0, "✓ 2 cases, nothing is wrong\n")

    code, out, _ = call("datasets", "show", "calls")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["speakers", "1"] in lines
    assert ["noise", "street", "(2)"] in lines
    assert ["length", "3.00", "s"] in lines
    assert ["monday-call", "1.00", "s", "en", "anna", "noise=street", "text"] in lines
    assert ["monday-call-2", "2.00", "s", "en", "noise=street,", "accent=us", "text"] in lines


def test_the_same_as_json(call: Call, home: Path, recordings: Path) -> None:
    (recordings / "broken.wav").write_text("not a recording")
    shutil.copy(recordings / "Monday call.wav", recordings / "again.wav")
    code, out, _ = call("datasets", "create", "calls", recordings, "--json")
    created = json.loads(out)
    assert code == 1
    assert created["cases"] == ["monday-call", "monday-call-2"]
    assert [Path(each["path"]).name for each in created["refused"]] == ["again.wav", "broken.wav"]
    assert "has the same bytes as case monday-call" in created["refused"][0]["error"]
    place = str(home / "datasets" / "calls" / "dataset.yaml")
    assert created["file"] == place

    code, out, _ = call("datasets", "check", "calls", "--json")
    assert code == 1
    checked = json.loads(out)
    assert (checked["dataset"], checked["version"], checked["cases"]) == ("calls", "1", 2)
    assert checked["problems"][0] == {
        "case": None,
        "part": "tasks",
        "what": "no case has what asr is judged by: text, stm or ctm",
    }

    code, out, _ = call("datasets", "show", "calls", "--json")
    shown = json.loads(out)
    assert (code, shown["cases"], shown["missing"], shown["to_fetch"], shown["file"]) == (0, 2, {}, 0, place)
    assert sorted(case["duration_s"] for case in shown["case_list"]) == [1.0, 2.0]

    code, out, _ = call("datasets", "list", "--json")
    listed = {each["id"]: each for each in json.loads(out)["datasets"]}
    assert code == 0
    assert (listed["calls"]["is_shipped"], listed["calls"]["tasks"]) == (False, ["asr"])


def test_media_that_cannot_be_had_are_said(
    call: Call, home: Path, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("datasets", "create", "calls", recordings)

    def move(content: dict[str, Any]) -> None:
        source = of_case(content, "monday-call")["source"]
        source["folder"], source["file"] = "phone", "Monday call.wav"
        of_case(content, "monday-call-2")["source"] = {"url": "http://127.0.0.1:9/x.wav", "sha256": "a" * 64}

    edit(home, "calls", move)
    code, out, _ = call("datasets", "show", "calls")
    assert code == 0
    assert "✗ Monday call.wav of the folder phone is missing; found MODELLAB_DATA_PHONE is not set." in out
    assert "✗ http://127.0.0.1:9/x.wav is missing; found it was not fetched yet; MODELLAB_OFFLINE forbids" in out

    def state(*options: str) -> str:
        _, out, _ = call("datasets", "list", *options)
        return next(line for line in out.splitlines() if line.startswith("calls "))

    assert "✗  " in state()
    assert "✗ 1 of 2" in state("--folder", f"phone={recordings}")
    monkeypatch.setenv("MODELLAB_OFFLINE", "false")
    monkeypatch.setenv("MODELLAB_DATA_PHONE", str(recordings))
    assert "↓ after a download of 1" in state()


def test_a_broken_manifest_is_named_beside_the_others(call: Call, home: Path, recordings: Path) -> None:
    call("datasets", "create", "calls", recordings)
    (home / "datasets" / "bad.yaml").write_text("id: bad\nversion: 1\n")
    code, out, err = call("datasets", "list")
    assert code == 0
    assert "calls " in out
    assert f"! {home / 'datasets' / 'bad.yaml'} is not a valid dataset manifest." in err
    assert "  - description: Field required" in err
    _, out, _ = call("datasets", "list", "--json")
    assert [each["dataset"] for each in json.loads(out)["broken"]] == ["bad"]
    code, out, err = call("datasets", "check", "bad")
    assert (code, out) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "asr_smok_v1"), "there is no dataset 'asr_smok_v1'"),
        (("list", "--task", "asrr"), "there is no task 'asrr'"),
        (("list", "--folder", "x"), "'x' names no folder"),
        (("create", "Calls", "RECORDINGS"), "id: String should match pattern"),
        (("create", "calls", "RECORDINGS", "--language", "English"), "language: String should match pattern"),
        (("create", "taken", "RECORDINGS"), "the dataset id 'taken' is taken"),
    ],
)
def test_wrong_usage_makes_nothing(
    call: Call, home: Path, recordings: Path, arguments: tuple[str, ...], said: str
) -> None:
    call("datasets", "create", "taken", recordings)
    code, _, err = call("datasets", *(str(recordings) if each == "RECORDINGS" else each for each in arguments))
    assert (code, said in err) == (2, True)
    assert sorted(path.name for path in (home / "datasets").iterdir()) == [".staging", "taken"]
    assert list((home / "datasets" / ".staging").iterdir()) == []


def test_files_of_which_none_can_be_taken_make_no_dataset(call: Call, home: Path, tmp_path: Path) -> None:
    code, _, err = call("datasets", "create", "calls", tmp_path / "gone.wav")
    assert (code, "gone.wav does not exist" in err) == (1, True)
    assert not (home / "datasets" / "calls").exists()


def test_texts_to_be_spoken(call: Call, home: Path, tmp_path: Path) -> None:
    (tmp_path / "news.txt").write_text("Good evening.")
    assert call("datasets", "create", "news", tmp_path / "news.txt", "--task", "tts")[0] == 0
    dataset = Catalogue(Lab.from_environment()).get("news")
    assert [case.source.file for case in dataset.manifest.cases] == ["media/news.txt"]  # type: ignore[union-attr]
