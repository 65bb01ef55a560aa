"""Known voices through the real command: a speaker of one run has their name in another, until they are removed."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

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
    found = _json(call, "voices", "find", "before.wav", "--speaker", speaker)
    assert [one["name"] for one in found["voices"]] == ["after.wav"] * len(found["voices"])
    best = found["voices"][0]
    assert best["cosine"] >= found["threshold"] and names[best["speaker"]] == "Ann Lee"
    assert [one["cosine"] for one in found["voices"]] == sorted(
        (one["cosine"] for one in found["voices"]), reverse=True
    )
    code, out, _ = call("voices", "remove", "ann lee")
    assert code == 0 and "1 vector deleted" in out and list((home / "voices").iterdir()) == []
    again = _json(call, "run", halves[1], *KNOWN, *FASTER)
    cached = {step["step"]: step["cached"] for step in again["inputs"][0]["steps"]}
    assert {step for step, found in cached.items() if not found} == {"known_voices", "bundle"}
    assert "Ann Lee" not in _json(call, "runs", "show", "after.wav")["speakers"].values()


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
