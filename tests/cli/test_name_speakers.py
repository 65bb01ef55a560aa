"""Naming speakers through the real command: what is made again, who sees the names, and what is refused."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

Call = Callable[..., tuple[int, str, str]]
FAST = ["--pipeline", "stereo_call", "--set", "asr=faster_whisper:tiny.en"]
SYSTEM = "stereo_call+asr=faster_whisper:tiny.en"
STEPS = ["ingest", "channels", "asr", "hallucinations", "chapters", "summarize", "action_items", "bundle"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, sample_wav: Path) -> Path:
    """A stereo call made of the sample: the left channel is heard from 6 to 14 s, the right one from 14 to 22 s."""
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    silence = np.zeros(8 * rate, dtype=np.float32)
    left = np.concatenate([samples[6 * rate : 14 * rate], silence])
    right = np.concatenate([silence, samples[14 * rate : 22 * rate]])
    path = tmp_path_factory.mktemp("recordings") / "call.wav"
    soundfile.write(path, np.stack([left, right], axis=1), rate)
    return path


def _shown(call: Call, run: str = "latest") -> dict[str, Any]:
    code, out, _ = call("runs", "show", run, "--json")
    assert code == 0
    shown: dict[str, Any] = json.loads(out)
    return shown


def _cached(shown: dict[str, Any]) -> dict[str, bool]:
    return {step["step"]: step["cached"] for step in shown["steps"]}


def _named(call: Call, *arguments: str) -> dict[str, Any]:
    code, out, err = call("runs", "name-speakers", "latest", *arguments, "--json")
    assert code == 0, (out, err)
    document: dict[str, Any] = json.loads(out)
    return document


def test_without_names_the_speakers_are_listed_with_what_they_say(call: Call, recording: Path) -> None:
    code, out, _ = call("run", recording, *FAST, "--json")
    assert code == 0
    (entry,) = json.loads(out)["inputs"]
    assert [step["step"] for step in entry["steps"]] == STEPS
    listed = _named(call)
    assert (listed["run"], listed["made_again"], listed["bundle"]) == (entry["run"], None, entry["bundle"])
    left, right = listed["speakers"]
    assert (left["id"], left["name"], left["given_name"]) == ("Left", "Left", None)
    assert (right["id"], right["name"], right["given_name"]) == ("Right", "Right", None)
    assert left["share"] + right["share"] == pytest.approx(1, abs=1e-4)
    transcript = json.loads(call("runs", "transcript", "--json")[1])
    for person in (left, right):
        said = [paragraph for paragraph in transcript["paragraphs"] if paragraph["speaker"] == person["id"]]
        assert person["words"] == sum(len(paragraph["words"]) for paragraph in said)
        longest = max(said, key=lambda paragraph: len(paragraph["words"]))
        assert person["quote"]["start_s"] == longest["start_s"]
        assert longest["text"].startswith(person["quote"]["text"].removesuffix(" …"))
    _, out, _ = call("runs", "name-speakers", "latest")
    assert [line.split()[:2] for line in out.splitlines()] == [["Label", "Name"], ["Left", "Left"], ["Right", "Right"]]


def test_only_the_pack_is_made_again_and_shows_the_names_everywhere(call: Call, home: Path, tmp_path: Path) -> None:
    before = _shown(call)
    named = _named(call, "Left=Ann", "right=Bob Smith")
    assert named["made_again"] == ["bundle"]
    assert [(person["id"], person["given_name"]) for person in named["speakers"]] == [
        ("Left", "Ann"),
        ("Right", "Bob Smith"),
    ]
    after = _shown(call)
    assert _cached(after) == {step: step != "bundle" for step in STEPS}
    assert after["run"]["run"] == before["run"]["run"]
    assert after["run"]["dagster_run_id"] != before["run"]["dagster_run_id"]
    assert after["speakers"] == {"Left": "Ann", "Right": "Bob Smith"}
    assert "Speakers      Ann, Bob Smith\n" in call("runs", "show")[1]
    assert after["bundle"] == named["bundle"] != before["bundle"]
    text = call("runs", "transcript", "--format", "txt")[1]
    assert "Ann" in text
    assert "Bob Smith" in text
    assert "Left" not in text
    assert call("runs", "bundle", "--to", tmp_path)[0] == 0
    pack = json.loads((tmp_path / "call/transcript.json").read_text())
    assert [(speaker["id"], speaker["name"]) for speaker in pack["speakers"]] == [
        ("Left", "Ann"),
        ("Right", "Bob Smith"),
    ]
    assert (tmp_path / "call/transcript.srt").read_text().count("Ann") > 0
    page = (tmp_path / "call/index.html").read_text()
    assert "Bob Smith" in page
    with zipfile.ZipFile(before["bundle"]) as old:
        assert b"Bob Smith" not in old.read("index.html")
    (file,) = (home / "names").iterdir()
    assert json.loads(file.read_text()) == {"Left": "Ann", "Right": "Bob Smith"}


def test_one_name_is_changed_by_the_name_shown(call: Call) -> None:
    named = _named(call, "bob smith=Bo")
    assert [person["name"] for person in named["speakers"]] == ["Ann", "Bo"]
    assert named["made_again"] == ["bundle"]
    assert _named(call, "Right=Bo")["made_again"] == []


def test_another_system_over_the_same_speakers_shows_their_names(call: Call, recording: Path) -> None:
    code, out, _ = call("run", recording, *FAST, "--set", "asr.beam_size=1", "--json")
    (entry,) = json.loads(out)["inputs"]
    assert code == 0
    assert {step["step"]: step["cached"] for step in entry["steps"]}["channels"]
    with zipfile.ZipFile(entry["bundle"]) as pack:
        assert [speaker["name"] for speaker in json.loads(pack.read("transcript.json"))["speakers"]] == ["Ann", "Bo"]


def test_names_survive_a_rebuild_of_the_warehouse(call: Call) -> None:
    before = _shown(call)
    code, out, _ = call("warehouse", "rebuild", "--json")
    assert (code, json.loads(out)["problems"]) == (0, [])
    assert _shown(call) == before
    assert before["speakers"] == {"Left": "Ann", "Right": "Bo"}


def test_two_speakers_of_one_name_stay_two(call: Call) -> None:
    code, out, err = call("runs", "name-speakers", "latest", "Left=Kim", "Right=Kim", "--json")
    assert code == 0
    assert [person["name"] for person in json.loads(out)["speakers"]] == ["Kim", "Kim"]
    assert "2 speakers are called Kim; they stay 2 speakers\n" in err
    code, _, err = call("runs", "name-speakers", "latest", "Kim=Ann")
    assert (code, err) == (2, "✗ 'Kim' can mean 2 speakers; found Left, Right. Give one of these labels.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["SPEAKER_00=Ann"],
            "there is no speaker of the run called 'SPEAKER_00'; allowed: Kim, Left, Right.",
        ),
        (["Lefty=Ann"], "there is no speaker of the run called 'Lefty'; allowed: Kim, Left, Right. Did you mean Left?"),
        (
            ["Left"],
            "'Left' is not understood; allowed: SPEAKER=NAME. For example \"SPEAKER_00=Ann Lee\".",
        ),
        (
            ["Left="],
            "the name for Left is empty. Leave the speaker out, or use --clear to take names away.",
        ),
        (["Left=Ann", "left=Eve"], "Left is named twice; found Ann and Eve; allowed: one name."),
        (
            ["--clear", "Left=right"],
            "Left can't be called 'right': Right is shown under that name. Name Right too.",
        ),
    ],
)
def test_what_is_refused_changes_nothing(call: Call, home: Path, arguments: list[str], message: str) -> None:
    (file,) = (home / "names").iterdir()
    before = file.read_bytes()
    code, _, err = call("runs", "name-speakers", "latest", *arguments)
    assert (code, err) == (2, f"✗ {message}\n")
    assert file.read_bytes() == before


def test_the_run_comes_first(call: Call) -> None:
    code, _, err = call("runs", "name-speakers", "Left=Ann")
    assert (code, err) == (
        2,
        "✗ 'Left=Ann' is no run. The run comes first: modellab runs name-speakers latest \"Left=Ann\"\n",
    )


def test_clearing_finds_the_first_pack_again(call: Call, home: Path, recording: Path) -> None:
    first = json.loads(call("runs", "list", "--json")[1])["runs"][-1]
    pack = _shown(call, first["dagster_run_id"])["bundle"]
    code, out, _ = call("runs", "name-speakers", first["run"], "--clear", "--json")
    cleared = json.loads(out)
    assert code == 0
    assert [person["given_name"] for person in cleared["speakers"]] == [None, None]
    assert (cleared["made_again"], cleared["bundle"]) == ([], pack)
    assert list((home / "names").iterdir()) == []


def test_a_run_that_nobody_would_get_again_is_not_named(
    call: Call, recording: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    from dataclasses import replace

    from modellab.steps import catalogue, channels

    newer = {**catalogue.steps_by_name(), "channels": replace(channels.STEP, code_version="newer")}
    monkeypatch.setattr(catalogue, "steps_by_name", lambda: newer)
    code, _, err = call("runs", "name-speakers", "latest", "Left=Ann")
    assert code == 2
    assert f"is out of date: {SYSTEM}" in err
    assert "found a result of the step channels by an earlier version" in err
    assert list((home / "names").iterdir()) == []


def test_a_run_without_speakers_has_none_to_name(call: Call, recording: Path) -> None:
    assert call("run", recording, "--pipeline", "fast_asr_only", *FAST[2:], "--json")[0] == 0
    code, _, err = call("runs", "name-speakers", "latest", "Left=Ann")
    assert code == 1
    assert "has no speakers to name. Run a pipeline that tells speakers apart, such as meeting." in err


def test_the_speakers_of_a_meeting_without_a_pack_are_named_for_its_transcript(call: Call, recording: Path) -> None:
    pipeline = ["--pipeline", "asr_with_diarization", *FAST[2:], "--set", "diarization=heuristic_diarization"]
    assert call("run", recording, *pipeline, "--json")[0] == 0
    named = _named(call, "Speaker 1=Diane")
    assert named["speakers"][0]["id"] == "SPEAKER_00"
    assert (named["speakers"][0]["name"], named["made_again"], named["bundle"]) == ("Diane", [], None)
    assert "Diane" in call("runs", "transcript", "--format", "txt")[1]
