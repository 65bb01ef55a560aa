"""What is printed: always all of it, in any encoding, and nothing that a terminal takes for a command."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.text import Text

from modellab.cli import streams
from modellab.cli.console import LegibleConsole, print_json
from modellab_dagster.command import main

_Call = Callable[..., tuple[int, str, str]]
_PROGRAM = [sys.executable, "-c", "from modellab_dagster.command import main; main()"]


def test_a_name_that_is_not_utf8_costs_no_document(call: _Call, sample_wav: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff\x1b[31m.wav"))
    shutil.copy(sample_wav, odd)
    missing = Path(os.fsdecode(b"gone\xfe.wav"))
    code, out, _ = call("ingest", "--json", odd, missing)
    entries = json.loads(out)["inputs"]
    assert code == 1
    assert [entry["path"] for entry in entries] == [f"{tmp_path}/bad\ufffd\x1b[31m.wav", "gone\ufffd.wav"]
    assert [entry["status"] for entry in entries] == ["completed", "refused"]
    assert "\x1b" not in out  # escaped, as JSON has it


def test_control_characters_of_names_never_reach_the_terminal(call: _Call, tmp_path: Path) -> None:
    bad = tmp_path / "a\x1b]0;title\x07\x9b31m\u202ecod.exe\nFORGED: done.wav"
    bad.write_text("no audio")
    code, out, err = call("ingest", bad)
    assert (code, out) == (1, "")
    assert err == (
        f"✗ {tmp_path}/a_]0;title__31m_cod.exe_FORGED: done.wav is not audio or video in a format that can be decoded; "
        "found text.\n"
    )


def test_a_console_prints_only_its_own_control_characters() -> None:
    printed = io.StringIO()
    console = LegibleConsole(file=printed, force_terminal=True, width=40, color_system="standard")
    console.print(Text("red\x1b[2J\x9b2J \udcff\u2066x", style="red"))
    assert printed.getvalue() == "\x1b[31mred_[2J_2J \ufffd_x\x1b[0m\n"


def test_json_is_printed_whatever_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    print_json({"name\udcff": ["✓ \U0001f600", b"\xff", Path("a\udc80")], "nan": float("nan")})
    sys.stdout.flush()
    assert b"\\ud83d\\ude00" in raw.getvalue()
    assert json.loads(raw.getvalue()) == {"name\ufffd": ["✓ \U0001f600", "\\xff", "a\ufffd"], "nan": None}


def test_an_encoding_without_the_marks_gets_others(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    streams.tolerate_encodings()
    sys.stdout.write("✓ ✗ › · – … é م \udcff\n")
    sys.stdout.flush()
    assert raw.getvalue() == b"+ x > \xb7 - ~ \xe9 ? ?\n"


def test_a_whole_command_on_a_latin_1_terminal(tmp_path: Path, sample_wav: Path) -> None:
    named = tmp_path / "می‌خواهم.wav"
    shutil.copy(sample_wav, named)
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([*_PROGRAM, "ingest", named], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "+ ingest" in done.stdout.decode("latin-1")


def test_a_reader_that_has_seen_enough_is_no_trouble() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*_PROGRAM, "pipelines", "steps", "--json"], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_for_the_output_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*_PROGRAM, "pipelines", "list"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr.decode()) == (1, "✗ standard output took not all: No space left on device\n")


def test_no_standard_output_at_all() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *_PROGRAM, "pipelines", "list"], stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_wrong_usage_quotes_no_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--pipelin\x9b31m", "x"]) == 2
    assert "\x9b" not in capsys.readouterr().err
