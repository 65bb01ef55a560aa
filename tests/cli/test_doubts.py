"""What is shown of checks that failed and of warnings: each once, in a line."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic_core import to_json
from rich.console import Console

from modellab.cli.live import LiveWatcher, PlainWatcher
from modellab.cli.marks import doubt_line
from modellab.cli.report import print_file, print_summary
from modellab.inputs.registered import RegisteredInput
from modellab.media.folders import LeftOut
from modellab.pipeline.events import StepEnded, StepJudged
from modellab.pipeline.record import CheckRecord, StepRecord
from modellab.pipeline.system import System, resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.doubts import all_doubts, doubts
from modellab.runs.outcome import FileOutcome, document
from modellab.settings import Lab

MakeRecord = Callable[..., StepRecord]

CUT = "it is cut off after 60.0 s"
WHOLE = CheckRecord("decodes_whole", False, "warning", f"{CUT}; 3 samples are not numbers", {"decoded_s": 60.0})
LOOPS = CheckRecord("does_not_repeat_itself", False, "warning", "repeated: thank\nyou", {"repeated": ["thank you"]})
OUTSIDE = CheckRecord("no_word_outside_speech", True, "warning", "0 of 9 words")
BROKEN = CheckRecord("files_match_manifest", False, "error", "page.html is missing")


@pytest.fixture(scope="module")
def system() -> System:
    return resolve_system("meeting", ModelRegistry())


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100, markup=False, highlight=False, emoji=False)


def _shown(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def _outcome(source: RegisteredInput, record: MakeRecord, name: str = "talk.wav") -> FileOutcome:
    records = (record("ingest", artifact=None), record("asr", artifact=None), record("summarize", artifact=None))
    checks = {"ingest": (WHOLE,), "asr": (OUTSIDE, LOOPS), "summarize": (BROKEN,)}
    return FileOutcome(Path(name), "meeting", "completed", source=source, run="r" * 16, records=records, checks=checks)


def test_failed_checks_come_in_the_steps_order_and_warnings_only_where_no_check_says_them(record: MakeRecord) -> None:
    records = [record("ingest"), record("asr")]
    warnings = {None: [CUT, "no day"], "ingest": [CUT, "the first channel is taken"], "asr": ["no day", "quiet"]}
    found = doubts(records, {"ingest": [WHOLE], "asr": [OUTSIDE, LOOPS]}, warnings)
    assert [doubt_line(doubt).plain for doubt in found] == [
        "! no day",
        f"! ingest: check decodes_whole failed (warning): {CUT}; 3 samples are not numbers",
        "! ingest: the first channel is taken",
        "! asr: check does_not_repeat_itself failed (warning): repeated: thank you",
        "! asr: quiet",
    ]
    assert doubts(records, {"asr": [OUTSIDE]}, {}) == []


def test_a_result_that_did_not_come_out_the_same_is_shown(record: MakeRecord, lab: Lab) -> None:
    records = [replace(record("asr", artifact=None), reproduced=same) for same in (None, True, False)]
    assert [[doubt_line(doubt).plain for doubt in all_doubts(lab, [one], {}, ())] for one in records] == [
        [],
        [],
        ["! asr: run again, it came out differently; the first result is kept"],
    ]


def test_a_file_shows_its_doubts_below_the_times(
    lab: Lab, source: RegisteredInput, record: MakeRecord, console: Console
) -> None:
    print_file(console, replace(_outcome(source, record), source=replace(source, warnings=(CUT, "no day"))), lab)
    shown = _shown(console)
    first = shown.index("  ! no day")
    assert shown[first - 1] == ""
    assert shown[first : first + 5] == [
        "  ! no day",
        f"  ! ingest: check decodes_whole failed (warning): {CUT}; 3 samples are not numbers",
        "  ! asr: check does_not_repeat_itself failed (warning): repeated: thank you",
        "  ✗ summarize: check files_match_manifest failed (error): page.html is missing",
        "",
    ]


def test_many_files_show_theirs_with_their_names_and_the_same_input_once(
    lab: Lab, source: RegisteredInput, record: MakeRecord, console: Console
) -> None:
    first = _outcome(source, record)
    fine = replace(_outcome(source, record, "fine.wav"), checks={"asr": (OUTSIDE,)})
    print_summary(console, [first, first.again(Path("copy.wav")), fine], lab)
    assert [line for line in _shown(console) if "check" in line] == [
        f"  ! talk.wav: ingest: check decodes_whole failed (warning): {CUT}; 3 samples are not numbers",
        "  ! talk.wav: asr: check does_not_repeat_itself failed (warning): repeated: thank you",
        "  ✗ talk.wav: summarize: check files_match_manifest failed (error): page.html is missing",
    ]


def test_json_has_every_check_that_was_made(lab: Lab, source: RegisteredInput, record: MakeRecord) -> None:
    outcome = replace(_outcome(source, record), source=replace(source, warnings=(CUT,)))
    (entry,) = json.loads(to_json(document([outcome], LeftOut(), lab)))["inputs"]
    assert entry["warnings"] == [CUT]
    assert entry["steps"][1]["checks"] == [
        {
            "check": "no_word_outside_speech",
            "passed": True,
            "severity": "warning",
            "description": "0 of 9 words",
            "metadata": {},
        },
        {
            "check": "does_not_repeat_itself",
            "passed": False,
            "severity": "warning",
            "description": "repeated: thank\nyou",
            "metadata": {"repeated": ["thank you"]},
        },
    ]


def test_lines_tell_of_a_failed_check_when_it_is_made_without_repeating_the_files_warnings(
    system: System, source: RegisteredInput, record: MakeRecord, console: Console
) -> None:
    watching = PlainWatcher(console, system)
    watching.files(1)
    watching.taken_up(Path("in/talk.wav"))
    watching.registered(replace(source, warnings=(CUT, "3 samples are not numbers")))
    for step, checks in (("ingest", (WHOLE,)), ("asr", (OUTSIDE, LOOPS))):
        watching.observe(StepEnded(record(step, cached=True)))
        watching.observe(StepJudged(record(step, cached=True), checks))
    assert _shown(console) == [
        f"! talk.wav: {CUT}",
        "! talk.wav: 3 samples are not numbers",
        "talk.wav: 1 min 00 s of audio, input 0123456789abcdef",
        "talk.wav: ingest cached in 5.75 s",
        "! talk.wav: ingest: check decodes_whole failed (warning)",
        "talk.wav: asr (faster_whisper:base) cached in 5.75 s",
        "! talk.wav: asr: check does_not_repeat_itself failed (warning): repeated: thank you",
    ]


def test_the_moving_table_shows_warnings_and_which_step_is_doubtful(
    system: System, source: RegisteredInput, record: MakeRecord, console: Console
) -> None:
    watching = LiveWatcher(console, system)
    watching.files(1)
    watching.taken_up(Path("in/talk.wav"))
    watching.registered(replace(source, warnings=(CUT,)))
    for step, checks in (("ingest", (WHOLE,)), ("asr", (OUTSIDE,))):
        watching.observe(StepEnded(record(step)))
        watching.observe(StepJudged(record(step), checks))
    assert _shown(console) == []  # the finished file's own lines say it, and they stay
    console.print(watching.renderable())
    shown = _shown(console)
    assert f"  ! {CUT}" in shown
    states = {line.split()[0]: line for line in shown if line.strip()}
    assert "✓ done  ! doubtful" in states["ingest"]
    assert "doubtful" not in states["asr"]
