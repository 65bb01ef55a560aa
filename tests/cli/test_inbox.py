"""`modellab inbox`: what people type, and what they read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from modellab.drops.inboxes import inboxes_of
from modellab.settings import Lab, Settings

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_inbox(home: Path) -> None:
    """The lab is shared by this file's tests."""
    for file in (home / "inboxes").glob("*.yaml"):
        file.unlink()


def test_a_folder_is_watched_listed_and_watched_no_more(call: Call, home: Path, tmp_path: Path) -> None:
    box = tmp_path / "My Calls"
    box.mkdir()
    code, out, _ = call("inbox", "add", str(box), "--pipeline", "ingest", "--beside", "transcript", "--no-subfolders")
    assert code == 0 and f"✓ {box} is watched as my-calls, for ingest" in out
    assert yaml.safe_load((home / "inboxes" / "my-calls.yaml").read_text()) == {
        "folder": str(box),
        "pipeline": "ingest",
        "subfolders": False,
        "steady_s": 5.0,
        "beside": "transcript",
        "refused": "leave",
    }
    [listed] = json.loads(call("inbox", "list", "--json")[1])["inboxes"]
    assert listed["files"] == {"waiting": 0, "open": 0, "ended": {}}
    assert "my-calls" in call("inbox", "list")[1]
    assert call("inbox", "status", "my-calls")[1] == "No such file was dropped.\n"
    assert call("inbox", "remove", "my-calls")[0] == 0
    assert "No folder is watched" in call("inbox", "list")[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["add", "nowhere"], "there is no folder"),
        (["add", ".", "--pipeline", "meting"], "Did you mean meeting?"),
        (["add", ".", "--beside", "notes"], "there is no thing beside a file 'notes'"),
        (["add", ".", "--name", "No Name"], "'No Name' can't be the name of an inbox"),
        (["status", "calls"], "there is no inbox 'calls'"),
        (["status", "--status", "done"], "there is no status 'done'"),
        (["retry"], "say which files are to be done again"),
        (["retry", "monday.wav"], "no file 'monday.wav' was dropped"),
        (["remove", "calls"], "there is no inbox 'calls'"),
    ],
)
def test_what_can_not_be_done_is_said(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given, said) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    code, _, err = call("inbox", *given)
    assert code == 2 and said in err


def test_a_folder_in_the_lab_or_watched_already_is_refused(call: Call, home: Path, tmp_path: Path) -> None:
    (home / "inputs").mkdir(parents=True, exist_ok=True)
    code, _, err = call("inbox", "add", str(home / "inputs"))
    assert code == 1 and "can't be in the lab's own home" in err
    box = tmp_path / "box"
    box.mkdir()
    (tmp_path / "link").symlink_to(box)
    assert call("inbox", "add", str(box), "--name", "one")[0] == 0
    code, _, err = call("inbox", "add", str(tmp_path / "link"))
    assert code == 1 and "is watched already; found the inbox one." in err
    code, _, err = call("inbox", "add", str(tmp_path), "--name", "one")
    assert code == 2 and "there is an inbox one already" in err


def test_broken_files_are_named_and_stand_in_nobodys_way(call: Call, home: Path, tmp_path: Path) -> None:
    folder = home / "inboxes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bad.yaml").write_text("folder: relative\npipline: meeting\n")
    (folder / "good.yaml").write_text(f"folder: {tmp_path}\n")
    (folder / "same.yaml").write_text(f"folder: {tmp_path}\n")
    code, out, err = call("inbox", "list")
    assert code == 0 and f"good    {tmp_path}" in out
    assert "bad.yaml does not describe an inbox." in err
    assert "folder: relative is a relative path" in err and "pipline: Extra inputs are not permitted" in err
    assert "the inbox same watches a folder that another one watches" in err
    code, _, err = call("inbox", "status", "bad")
    assert code == 1 and "does not describe an inbox" in err


def test_the_setting_names_folders_and_a_file_of_the_same_folder_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / "x" / name).mkdir(parents=True)
    monkeypatch.setenv("MODELLAB_INBOX", f"{tmp_path}/a:{tmp_path}/x/a: {tmp_path}/b:{tmp_path}/b")
    lab = Lab(Settings(_env_file=None))
    lab.inboxes.mkdir(parents=True)
    (lab.inboxes / "calls.yaml").write_text(f"folder: {tmp_path}/b\npipeline: ingest\n")
    found = inboxes_of(lab)
    assert [(one.name, one.options.pipeline, one.folder.relative_to(tmp_path).as_posix()) for one in found.usable] == [
        ("calls", "ingest", "b"),
        ("a", "meeting", "a"),
        ("a-2", "meeting", "x/a"),
    ]
    assert found.broken == []


def test_folders_of_the_env_file_begin_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELLAB_INBOX", raising=False)
    (tmp_path / ".env").write_text("MODELLAB_INBOX=here:/there\n")
    assert Settings(_env_file=tmp_path / ".env").inbox == (tmp_path / "here", Path("/there"))
