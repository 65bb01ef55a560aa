"""`modellab inputs`: what the lab keeps, and the ways to call it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.settings import Lab
from modellab.warehouse.query import query

_Call = Callable[..., tuple[int, str, str]]
_RATE_HZ = 8_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    for seed, name in enumerate(("Köln, Week 7.wav", "Weekly Sync.wav", "Weekly Sync (2).wav")):
        soundfile.write(folder / name, np.random.default_rng(seed).normal(0, 0.1, _RATE_HZ), _RATE_HZ)
    (folder / "spoken.txt").write_text("Good morning.")
    return folder


@pytest.fixture(scope="module")
def added(folder: Path, home: Path) -> None:
    """The module's lab has what the folder holds, and its text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_HOME", str(home))
        from modellab_dagster.command import main

        assert main(["inputs", "add", str(folder), str(folder / "spoken.txt")]) == 0


def test_adding_registers_and_records_and_refuses_by_name(call: _Call, folder: Path, added: None) -> None:
    code, out, err = call("inputs", "add", "--json", folder, folder / "spoken.txt", folder / "gone.wav")
    document = json.loads(out)
    found = [(Path(one["path"]).name, one["status"], (one["input"] or {}).get("kind")) for one in document["inputs"]]
    assert (code, found) == (
        1,
        [
            ("Köln, Week 7.wav", "registered", "media"),
            ("Weekly Sync (2).wav", "registered", "media"),
            ("Weekly Sync.wav", "registered", "media"),
            ("spoken.txt", "registered", "text"),
            ("gone.wav", "refused", None),
        ],
    )
    assert document["inputs"][-1]["error"].startswith("gone.wav does not exist; ")
    assert document["left_out"]["files"] == {".txt": 1}
    assert "left out: 1 file without sound (1 .txt)" in err
    rows = query(Lab.from_environment(), "SELECT input, kind, duration_s FROM inputs").rows
    expected = {(one["input"]["input"], one["input"]["kind"]) for one in document["inputs"][:-1]}
    assert {(key, kind) for key, kind, _ in rows} == expected
    assert {(kind, duration) for _, kind, duration in rows} == {("media", 1.0), ("text", None)}


def test_each_that_was_added_is_a_line_with_its_key(call: _Call, folder: Path, added: None) -> None:
    code, out, err = call("inputs", "add", folder / "Weekly Sync.wav", folder / "spoken.txt", folder / "gone.wav")
    [sync], [text] = (
        [one for one in json.loads(call("inputs", "list", "--json")[1])["inputs"] if one["name"] == name]
        for name in ("Weekly Sync.wav", "spoken.txt")
    )
    assert (code, out) == (1, f"✓ {sync['input']}  1.00 s\n✓ {text['input']}  text of 13 bytes\n")
    assert err.startswith(f"✗ {folder}/gone.wav does not exist")


def test_the_list_is_newest_first_of_one_kind_and_bounded(call: _Call, added: None) -> None:
    listed = json.loads(call("inputs", "list", "--json", "--kind", "media", "--limit", "2")[1])
    assert ([one["name"] for one in listed["inputs"]], listed["more"]) == (
        ["Weekly Sync.wav", "Weekly Sync (2).wav"],
        1,
    )
    [text] = json.loads(call("inputs", "list", "--json", "--kind", "text")[1])["inputs"]
    assert (text["format"], text["duration_s"], text["sample_rate_hz"], text["channels"]) == ("text/utf-8", *[None] * 3)
    code, out, _ = call("inputs", "list", "--limit", "3")
    lines = out.splitlines()
    assert (code, lines[0].split(), lines[-1]) == (
        0,
        ["Input", "File", "Length", "Registered"],
        "… and 1 earlier one: --limit 4",
    )
    assert lines[2].split()[:4] == [listed["inputs"][0]["input"], "Weekly", "Sync.wav", "1.00"]
    code, _, err = call("inputs", "list", "--kind", "video")
    assert (code, "video" in err, "media" in err) == (2, True, True)


@pytest.mark.parametrize("called", ["koln-week-7", "Köln, Week 7.wav", "koln-w", "digits", "SHA-256"])
def test_an_input_is_shown_by_whatever_it_is_called(call: _Call, added: None, called: str) -> None:
    [whole] = [
        one for one in json.loads(call("inputs", "list", "--json")[1])["inputs"] if one["name"] == "Köln, Week 7.wav"
    ]
    assert whole["input"] == f"koln-week-7-{whole['sha256'][:16]}"
    given = {"digits": whole["sha256"][:7], "SHA-256": whole["sha256"]}.get(called, called)
    assert json.loads(call("inputs", "show", "--json", given)[1]) == whole
    shown = dict(line.split(maxsplit=1) for line in call("inputs", "show", given)[1].splitlines())
    assert (shown["Input"], shown["File"], shown["Size"]) == (whole["input"], "Köln, Week 7.wav", "1.00 s")
    assert (shown["Format"], shown["Copy"]) == ("wav/pcm_s16le, 8000 Hz, 1 channel", whole["path"])


def test_what_means_no_input_or_several_is_answered_with_what_may_be_meant(call: _Call, added: None) -> None:
    keys = [one["input"] for one in json.loads(call("inputs", "list", "--json")[1])["inputs"]]
    code, out, _ = call("inputs", "show", "weekly", "--json")
    error = json.loads(out)["error"]
    assert (code, error["type"], error["what"]) == (2, "UnknownName", "'weekly' can mean 2 inputs")
    assert sorted(part.split(" ")[0] for part in error["found"].split("), ")) == sorted(
        key for key in keys if key.startswith("weekly")
    )
    error = json.loads(call("inputs", "show", "spokn", "--json")[1])["error"]
    assert (error["type"], error["what"]) == ("UnknownName", "there is no input 'spokn'")
    assert error["hint"].startswith("Did you mean spoken")


def test_a_recording_that_the_lab_keeps_is_run_by_name(
    call: _Call, added: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = call("ingest", "--json", "weekly-sync", "spoken", "weekly", "nothing such")
    entries = json.loads(out)["inputs"]
    assert (code, [one["status"] for one in entries]) == (1, ["completed", "refused", "refused", "refused"])
    assert (entries[0]["path"], entries[0]["input"][:12]) == ("weekly-sync", "weekly-sync-")
    assert [one["error"].split(";")[0] for one in entries[1:]] == [
        "spoken.txt is a text",
        "'weekly' can mean 2 inputs",
        "nothing such does not exist",
    ]
    run = entries[0]["run"]
    assert json.loads(call("runs", "show", "--json", "Weekly Sync.wav")[1])["run"]["run"] == run
    [listed] = json.loads(call("runs", "list", "--json", "--input", entries[0]["input"][12:18])[1])["runs"]
    assert listed["run"] == run
