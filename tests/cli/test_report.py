"""What is shown when files are done."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.console import Console, RenderableType

from modellab.bundle.meeting import Meeting, describe
from modellab.cli.gist import gist
from modellab.cli.report import print_summary, timings, transcript
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.record import StepRecord
from modellab.runs.outcome import FileOutcome
from modellab.settings import Lab
from modellab.surfaces.results import Diarization, Transcript, Turn, Utterance, Word
from modellab.text.results import ActionItem, ActionItems, Evidence, Line, Summary


def _lines(block: RenderableType, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False)
    console.print(block)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def _meeting(source: RegisteredInput, *spoken: tuple[float, str, str | None]) -> Meeting:
    words = [Word(text, start_s, start_s + 0.5, speaker=speaker) for start_s, text, speaker in spoken]
    utterances = [Utterance(w.start_s, w.end_s, w.text, [w], w.speaker) for w in words]
    turns = [Turn(w.start_s, w.end_s, w.speaker) for w in words if w.speaker]
    return describe(source, 60.0, Transcript(utterances, 60.0, "en"), None, Diarization(turns, 60.0))


def test_a_transcript_has_times_speakers_and_words_as_they_are(source: RegisteredInput) -> None:
    meeting = _meeting(source, (1.04, "[bold]Hi.", "SPEAKER_00"), (2.0, "Hello.", "SPEAKER_01"), (3.0, "Hm.", None))
    assert _lines(transcript(meeting)) == [
        "0:01.0  Speaker 1        [bold]Hi.",
        "0:02.0  Speaker 2        Hello.",
        "0:03.0  Unknown speaker  Hm.",
    ]
    assert _lines(transcript(meeting, most=1)) == ["0:01.0  Speaker 1  [bold]Hi."]


def test_the_gist_has_the_moment_of_each_line_and_names_who_does_what_by_when(source: RegisteredInput) -> None:
    words = [Word(text, at, at + 0.5, speaker="SPEAKER_01") for at, text in enumerate(["I", "send", "it", "Friday."])]
    said = [Evidence(0.0, 3.5, "SPEAKER_01", 0, 4, "I send it Friday.")]
    friday = date(2026, 3, 13)
    tasks = [
        ActionItem("Send it", "SPEAKER_01", "SPEAKER_01", "Friday", friday, said),
        ActionItem("[b]Check[/b] it", "Ben", "SPEAKER_01", "soon", None, said),
        *[ActionItem("Do it", None, None, None, None, said)] * 11,
    ]
    meeting = describe(
        source,
        60.0,
        Transcript([Utterance(0.0, 3.5, "I send it Friday.", words, "SPEAKER_01")], 60.0, "en"),
        None,
        None,
        summary=Summary([Line("It is sent on Friday.", said)], [], "extractive"),
        action_items=ActionItems(tasks, "rules"),
    )
    shown = gist(meeting)
    assert shown is not None
    assert _lines(shown) == [
        "Summary",
        "0:00.0  It is sent on Friday.",
        "",
        "Action items",
        "0:00.0  Speaker 2: Send it  by 2026-03-13",
        "0:00.0  Ben (Speaker 2): [b]Check[/b] it  by soon",
        *["0:00.0  Do it"] * 10,
        "        … and 1 more in the pack",
    ]
    assert gist(_meeting(source)) is None


def test_silence_says_so(source: RegisteredInput) -> None:
    assert _lines(transcript(_meeting(source))) == ["No speech was found."]


def test_timings_give_a_speed_only_where_something_was_computed(record: Callable[..., StepRecord]) -> None:
    records = [
        record("ingest", load_s=0.0, inference_s=0.0, other_s=0.254),
        record("vad", cached=True, load_s=0.0, inference_s=0.0, other_s=0.01, model="silero_vad:v6"),
        record("asr", load_s=0.5, inference_s=12.0, other_s=0.25),
        record("diarization", status="failed", load_s=0.0, inference_s=0.0, other_s=1.0, error="No."),
        record("alignment", status="not_run", load_s=0.0, inference_s=0.0, other_s=0.001, error="diarization failed"),
    ]
    heading, ingest, vad, asr, diarization, alignment, _ = (line.split() for line in _lines(timings(records)))
    assert heading == ["Step", "Model", "Load", "Inference", "Other", "Total", "Speed"]
    assert ingest == ["✓", "ingest", "0.25", "0.25"]
    assert vad == ["✓", "vad", "silero_vad:v6", "0.01", "0.01", "cached"]
    assert asr == ["✓", "asr", "faster_whisper:base", "0.50", "12.0", "0.25", "12.8", "5.0×"]
    assert diarization == ["✗", "diarization", "1.00", "1.00", "failed"]
    assert alignment == ["–", "alignment", "not", "run"]


def test_on_a_narrow_terminal_only_the_models_name_gives_way(record: Callable[..., StepRecord]) -> None:
    long = record("diarization", model="pyannote_diarization:community-1", inference_s=1234.5)
    lines = _lines(timings([long]), width=70)
    assert all(len(line) <= 70 for line in lines)
    assert "Inference  Other" in lines[0]
    assert "pyannote_diariz" in lines[1]
    assert "…" in lines[1]
    assert lines[1].endswith("0.0×")


def test_paths_are_never_wrapped(tmp_path: Path) -> None:
    from modellab.cli.console import print_line

    console = Console(file=io.StringIO(), width=40)
    print_line(console, str(tmp_path / ("x" * 100)))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == f"{tmp_path / ('x' * 100)}\n"


def test_many_files_have_a_line_each_that_fits_80_columns(
    lab: Lab, source: RegisteredInput, record: Callable[..., StepRecord]
) -> None:
    done = FileOutcome(
        Path("in/talk.wav"), "ingest", "completed", None, source, "r" * 16, "d" * 36, (record("ingest"),), 12.3
    )
    empty = FileOutcome(Path("in/empty.wav"), "ingest", "refused", "empty.wav is empty; found 0 bytes.")
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False, emoji=False)
    print_summary(console, [done, empty, done.again(Path("in/copy.wav"))], lab)
    assert isinstance(console.file, io.StringIO)
    lines = [line for line in console.file.getvalue().splitlines() if line]
    assert all(len(line) <= 80 or str(lab.database) in line for line in lines)
    assert [line.split() for line in lines[:5]] == [
        ["File", "Run", "Length", "Words", "Speakers", "Took"],
        ["✓", "talk.wav", "r" * 16, "1", "min", "00", "s", "12.3", "s"],
        ["✗", "empty.wav", "refused"],
        ["✓", "copy.wav", "r" * 16, "1", "min", "00", "s", "same", "input"],
        ["3", "files:", "2", "completed,", "1", "refused"],
    ]
