"""Known voices through the real command: a speaker of one run has their name in another, until they are removed."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from modellab.settings import PROJECT_ROOT

Call = Callable[..., tuple[int, str, str]]
EMBED = ["--pipeline", "embed", "--set", "diarization=heuristic_diarization"]
KNOWN = ["--pipeline", "meeting_known_voices", "--set", "diarization=heuristic_diarization"]
FASTER = ["--set", "asr=faster_whisper:tiny.en"]


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory, sample_wav: Path) -> list[Path]:
    """Two recordings of the same two people."""
    samples, rate = soundfile.read(sample_wav, dtype="float32")
    folder = tmp_path_factory.mktemp("recordings")
    paths = [folder / "before.wav", folder / "after.wav"]
    for path, (start, end) in zip(paths, ((6, 20), (14, 30)), strict=True):
        soundfile.write(path, samples[start * rate : end * rate], rate)
    return paths


def _json(call: Call, *arguments: Any) -> Any:
    code, out, err = call(*arguments, "--json")
    assert code == 0, (out, err)
    return json.loads(out)


def test_a_voice_is_known_found_named_and_forgotten(call: Call, halves: list[Path], home: Path) -> None:
    code, out, _ = call("voices", "list")
    assert code == 0 and out.startswith("Nobody's voice is known")
    _json(call, "run", halves[0], *EMBED)
    shown = _json(call, "sql", "SELECT speaker, heard_s FROM vectors WHERE speaker IS NOT NULL ORDER BY heard_s DESC")
    speaker = shown["rows"][0]["speaker"] if isinstance(shown["rows"][0], dict) else shown["rows"][0][0]
    added = _json(call, "voices", "add", "Ann Lee", "--from", "before.wav", "--speaker", speaker)
    assert (added["name"], added["speaker"], added["model"]) == ("Ann Lee", speaker, "campplus:zh-en")
    assert "vector" not in added
    run = _json(call, "run", halves[1], *KNOWN, *FASTER)
    names = _json(call, "runs", "show", "after.wav")["speakers"]
    assert "Ann Lee" in names.values() and len(set(names.values())) == len(names) >= 2
    (entry,) = run["inputs"]
    with zipfile.ZipFile(entry["bundle"]) as bundle:
        pack = "".join(bundle.read(name).decode() for name in bundle.namelist() if name.endswith((".html", ".txt")))
    assert "Ann Lee" in pack and "for the voice alone" in pack
    ann = next(label for label, name in names.items() if name == "Ann Lee")
    _all_know(call, ann, "Ann Lee", by_voice=True)
    found = _json(call, "voices", "find", "before.wav", "--speaker", speaker)
    assert [one["name"] for one in found["voices"]] == ["after.wav"] * len(found["voices"])
    best = found["voices"][0]
    assert best["cosine"] >= found["threshold"] and (best["speaker"], best["called"]) == (ann, "Ann Lee")
    assert [one["cosine"] for one in found["voices"]] == sorted(
        (one["cosine"] for one in found["voices"]), reverse=True
    )
    # What people say counts before what a voice is taken for; another can't be given the name meanwhile.
    other = next(label for label in names if label != ann)
    code, _, err = call("runs", "name-speakers", "after.wav", f"{other}=ann lee")
    assert code != 0 and f"{ann} is shown under that name" in " ".join(err.split())
    assert call("runs", "name-speakers", "after.wav", "Ann Lee=Cleo")[0] == 0
    _all_know(call, ann, "Cleo", by_voice=False)
    code, _, err = call("search", "the", "--speaker", "Ann Lee")
    assert code != 0 and "no speaker 'Ann Lee'" in err
    assert call("runs", "name-speakers", "after.wav", "--clear")[0] == 0
    _all_know(call, ann, "Ann Lee", by_voice=True)
    code, out, _ = call("voices", "remove", "ann lee")
    assert code == 0 and "1 vector deleted" in out and list((home / "voices").iterdir()) == []
    again = _json(call, "run", halves[1], *KNOWN, *FASTER)
    cached = {step["step"]: step["cached"] for step in again["inputs"][0]["steps"]}
    assert {step for step, found in cached.items() if not found} == {"known_voices", "bundle"}
    assert "Ann Lee" not in _json(call, "runs", "show", "after.wav")["speakers"].values()


def _all_know(call: Call, label: str, name: str, *, by_voice: bool) -> None:
    """Whatever shows speakers, or keeps to one, knows a speaker of `after.wav` by that name."""
    assert _json(call, "runs", "show", "after.wav")["speakers"][label] == name
    heard = _json(call, "runs", "transcript", "after.wav", "--format", "json")
    assert name in [speaker["name"] for speaker in heard["speakers"]]
    said = " ".join(one["text"] for one in heard["paragraphs"] if one["speaker"] == label)
    word = max((word.strip(".,?!") for word in said.split()), key=len)
    hits = _json(call, "search", word, "--speaker", name.upper())["hits"]
    assert hits and {(hit["name"], hit["speaker"]) for hit in hits} == {("after.wav", name)}
    listed = _json(call, "runs", "name-speakers", "after.wav")["speakers"]
    [one] = [speaker for speaker in listed if speaker["id"] == label]
    told = (one["name"], one["given_name"], one["name_by_voice"])
    assert told == ((name, None, name) if by_voice else (name, name, None))
    assert (f"{name} (by voice)" in call("runs", "name-speakers", "after.wav")[1]) is by_voice
    rows = _json(call, "sql", "SELECT speaker, named_by FROM named_speakers WHERE name = '" + name + "'")["rows"]
    assert rows == [{"speaker": label, "named_by": "voice" if by_voice else "people"}]
    talk = "SELECT coalesce(given_name, name_by_voice) AS n FROM speaker_talk_time WHERE speaker = '" + label + "'"
    assert {"n": name} in _json(call, "sql", talk)["rows"]


ODD = "Dör [bold]:smile:[/x]"
SAID_ALONE = PROJECT_ROOT / "datasets" / "media" / "speech" / "joe-meeting.flac"


def test_a_recording_of_somebody_alone_is_heard_and_makes_them_known(
    call: Call, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "-- [bold]joe :smile:.flac"
    shutil.copy(SAID_ALONE, file)
    before = _json(call, "voices", "list")["voices"]
    code, out, err = call("voices", "add", "Speaker 2", file)
    assert code != 0 and "nobody can be called 'Speaker 2'" in err and file.name not in out + err  # nothing was heard
    code, out, err = call("voices", "add", ODD, file)
    assert code == 0, err
    assert out.startswith(f"{ODD} is known now, by ") and "-- [bold]joe :smile:.flac: embed (campplus:zh-en)" in err
    added = _json(call, "voices", "add", ODD, file)  # the same again: no second vector
    assert added["name"] == ODD and added["speaker"] == "SPEAKER_00" and added["heard_s"] >= 3
    [one] = [voice for voice in _json(call, "voices", "list")["voices"] if voice not in before]
    assert one == added
    monkeypatch.setenv("COLUMNS", "100")
    assert f"{ODD}   " in call("voices", "list")[1]
    [row] = _json(call, "sql", "SELECT count(*) AS n FROM inputs WHERE kind = 'media' AND name LIKE '%joe%'")["rows"]
    assert row == {"n": 1}
    assert call("voices", "remove", ODD.upper())[0] == 0
    assert _json(call, "voices", "list")["voices"] == before


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"hello there", "not audio or video"), (None, "does not exist")],
)
def test_a_file_that_is_no_recording_makes_nobody_known(
    call: Call, tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "voice.wav"
    if content:
        file.write_bytes(content)
    code, out, err = call("voices", "add", "Bob", file)
    assert code != 0 and said in " ".join((out + err).split())
    assert "Bob" not in call("voices", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "Bob"), "a voice comes from one place"),
        (("add", "Bob", "--from", "before.wav"), "people speak in run"),
        (("add", "Bob", "--from", "before.wav", "--speaker", "SPEAKER_77"), "SPEAKER_77"),
        (("remove", "Bob"), "there is no known voice"),
        (("find", "nothing.wav"), "nothing.wav"),
    ],
)
def test_what_is_refused(call: Call, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = call("voices", *arguments)
    assert code != 0 and said in " ".join((out + err).split())
