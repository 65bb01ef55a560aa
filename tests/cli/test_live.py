"""What is shown while files are processed, on a terminal and elsewhere."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from modellab.cli.live import LiveWatcher, PlainWatcher, watcher
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.events import StepEnded, StepProgressed, StepStarted
from modellab.pipeline.record import StepRecord
from modellab.pipeline.system import System, resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.runs.outcome import FileOutcome

MakeRecord = Callable[..., StepRecord]


@pytest.fixture(scope="module")
def system() -> System:
    return resolve_system("meeting", ModelRegistry())


def _console(*, terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, markup=False, highlight=False, emoji=False)


def _shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _start_asr(
    watching: LiveWatcher | PlainWatcher, source: RegisteredInput, record: MakeRecord, fraction: float
) -> None:
    watching.taken_up(Path("in/talk.wav"))
    watching.registered(source)
    watching.observe(StepEnded(record("ingest", cached=True)))
    watching.observe(StepStarted(source.key, "meeting", "asr", "faster_whisper:base"))
    watching.observe(StepProgressed(source.key, "meeting", "asr", fraction))


@pytest.mark.parametrize("width", [80, 120])
def test_one_file_has_a_table_of_its_steps(
    width: int, system: System, source: RegisteredInput, record: MakeRecord
) -> None:
    console = _console(terminal=False, width=width)
    watching = LiveWatcher(console, system)
    watching.files(1)
    _start_asr(watching, source, record, 0.42)
    console.print(watching.renderable())
    lines = _shown(console).splitlines()
    assert all(len(line) <= width for line in lines)
    table = {line.split()[0]: line for line in lines if line.strip()}
    assert table["talk.wav"].split() == ["talk.wav", "1", "min", "00", "s", "meeting"]
    assert "✓ cached" in table["ingest"]
    assert "42%" in table["asr"]
    assert "pyannote_diarization:campplus" in table["diarization"]
    assert "· waiting" in table["bundle"]


def test_many_files_have_a_bar_and_one_line_of_steps(
    system: System, source: RegisteredInput, record: MakeRecord
) -> None:
    console = _console(terminal=False)
    watching = LiveWatcher(console, system)
    watching.files(3)
    _start_asr(watching, source, record, 0.42)
    watching.ended(FileOutcome(Path("in/talk.wav"), "meeting", "completed"))
    watching.taken_up(Path("in/other.wav"))
    console.print(watching.renderable())
    first, *steps = (line for line in _shown(console).splitlines() if line.strip())
    assert "file 2 of 3  other.wav" in first
    assert " ".join(" ".join(steps).split()).endswith(
        "· ingest · vad · asr · diarization · alignment · hallucinations · chapters · summarize · action_items · bundle"
    )


def test_a_file_stays_at_hand_while_its_model_works_whatever_is_done_beside_it(
    system: System, source: RegisteredInput, record: MakeRecord
) -> None:
    console = _console(terminal=False)
    watching = LiveWatcher(console, system)
    watching.files(2)
    _start_asr(watching, source, record, 0.42)
    other = replace(source, key="other-0123456789abcdef")
    watching.taken_up(Path("in/other.wav"))
    watching.registered(other)
    watching.observe(StepProgressed(source.key, "meeting", "asr", 0.5))
    for event in [StepStarted(other.key, "meeting", "ingest", None), StepEnded(record("ingest", input=other.key))]:
        watching.observe(event)
        console.print(watching.renderable())
        assert "file 1 of 2  talk.wav" in _shown(console).splitlines()[-4]
    watching.observe(StepEnded(record("asr")))
    watching.observe(StepStarted(other.key, "meeting", "asr", "faster_whisper:base"))
    console.print(watching.renderable())
    assert "file 2 of 2  other.wav" in _shown(console)


def test_elsewhere_each_thing_is_one_whole_line(system: System, source: RegisteredInput, record: MakeRecord) -> None:
    console = _console(terminal=False)
    with watcher(console, system) as watching:
        assert isinstance(watching, PlainWatcher)
        watching.files(2)
        _start_asr(watching, source, record, 0.42)
        page = "No weights.\n→ Put them there.\nLooked at:\n  - here\n  - there"
        error = "No weights; found here; there. Put them there."
        watching.observe(StepEnded(record(status="failed", error=error, error_page=page)))
        watching.ended(
            FileOutcome(Path("in/talk.wav"), "meeting", "failed", f"asr failed: {error}", error_page=f"asr: {page}")
        )
        watching.taken_up(Path("in/[red]empty.wav"))
        watching.ended(
            FileOutcome(Path("in/[red]empty.wav"), "meeting", "refused", "[red]empty.wav is empty; found 0 bytes.")
        )
        watching.taken_up(Path("in/copy.wav"))
        watching.ended(FileOutcome(Path("in/copy.wav"), "meeting", "completed", same_as=Path("in/talk.wav")))
    assert _shown(console).splitlines() == [
        "talk.wav: 1 min 00 s of audio, input 0123456789abcdef (file 1 of 2)",
        "talk.wav: ingest cached in 5.75 s",
        "talk.wav: asr (faster_whisper:base) failed in 5.75 s: No weights.",
        "✗ in/talk.wav: asr: No weights.",
        "  → Put them there.",
        "  Looked at:",
        "    - here",
        "    - there",
        "✗ in/[red]empty.wav is empty; found 0 bytes.",
        "in/copy.wav is the same input as in/talk.wav: nothing to do",
    ]


def test_on_a_terminal_the_table_goes_and_complaints_stay(
    system: System, source: RegisteredInput, record: MakeRecord
) -> None:
    console = _console(terminal=True, width=200)
    with watcher(console, system) as watching:
        assert isinstance(watching, LiveWatcher)
        watching.files(1)
        _start_asr(watching, source, record, 0.42)
        watching.ended(FileOutcome(Path("in/talk.wav"), "meeting", "failed", "No weights."))
    shown = _shown(console)
    assert "in/talk.wav: No weights." in shown
    assert shown.rstrip().endswith("\x1b[2K")  # the table's lines are erased


def test_a_file_that_is_damaged_but_usable_is_warned_of(system: System, source: RegisteredInput) -> None:
    console = _console(terminal=False)
    with watcher(console, system) as watching:
        watching.files(1)
        watching.taken_up(Path("in/talk.wav"))
        watching.registered(replace(source, warnings=("it is cut off after 60.0 s",)))
    assert _shown(console).splitlines()[0] == "! talk.wav: it is cut off after 60.0 s"
