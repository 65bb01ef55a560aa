"""What is shown when files are done: transcript, timings, and where everything is; for many files, a summary."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from modellab.bundle.meeting import Meeting
from modellab.cli.board import State, state_of
from modellab.cli.console import print_block, print_line
from modellab.cli.gist import gist
from modellab.cli.marks import MARKS, doubt_line, speaker_styles
from modellab.media.canonical import AUDIO_FILE
from modellab.pipeline.record import StepRecord
from modellab.runs.meetings import meeting_of
from modellab.runs.outcome import FileOutcome, missing_parts
from modellab.settings import Lab
from modellab.steps.definition import Kind
from modellab.steps.music_transcription import MIDI_FILE
from modellab.units import clock, figure, length, plural, speed

MOST_PARAGRAPHS = 60
"""A longer transcript is cut here on the screen; the whole of it is one command away."""


def print_file(console: Console, outcome: FileOutcome, lab: Lab) -> None:
    """One file in full."""
    source = outcome.source
    if source is None:
        return
    meeting = meeting_of(source, outcome.results(lab), lab)
    console.print()
    print_line(console, _headline(outcome, meeting))
    if meeting is not None:
        console.print()
        print_block(console, Padding(transcript(meeting), (0, 0, 0, 2)))
        hidden = len(meeting.paragraphs) - MOST_PARAGRAPHS
        if hidden > 0:
            more = f"  … and {plural(hidden, 'paragraph')} more: modellab runs transcript {outcome.run}"
            print_line(console, more, "dim")
        if summed_up := gist(meeting):
            console.print()
            print_block(console, Padding(summed_up, (0, 0, 0, 2)))
    console.print()
    print_block(console, Padding(timings(outcome.records), (0, 0, 0, 2)))
    if found := outcome.doubts(lab):
        console.print()
        for doubt in found:
            print_line(console, Text.assemble("  ", doubt_line(doubt)))
    console.print()
    print_line(console, Text(f"  {_verdict(outcome)}", style="dim"))
    console.print()
    _print_places(console, outcome, lab)


def print_summary(console: Console, outcomes: Sequence[FileOutcome], lab: Lab) -> None:
    """Many files: a line each."""
    rows = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    rows.add_column("  File", overflow="fold")
    rows.add_column("Run", no_wrap=True)
    for name in ("Length", "Words", "Speakers", "Took"):
        rows.add_column(name, justify="right", no_wrap=True)
    for outcome in outcomes:
        rows.add_row(*_summary_row(outcome, lab))
    console.print()
    print_block(console, Padding(rows, (0, 0, 0, 2)))
    doubtful = [(outcome.path.name, outcome.doubts(lab)) for outcome in outcomes if outcome.same_as is None]
    if any(found for _, found in doubtful):
        console.print()
    for name, found in doubtful:
        for doubt in found:
            print_line(console, Text.assemble("  ", doubt_line(doubt, name)))
    counts = ", ".join(
        f"{count} {status}"
        for status in ("completed", "failed", "refused")
        if (count := sum(outcome.status == status for outcome in outcomes))
    )
    console.print()
    print_line(console, f"  {plural(len(outcomes), 'file')}: {counts}", "bold")
    console.print()
    if reply := outcome.results(lab)(Kind.REPLY):
        _print_place(console, "Reply", Text(reply.summary["text"] or "without words"))
        _print_place(console, "", _link(reply.file(AUDIO_FILE)))
    _print_place(console, "Database", _link(lab.database))
    print_line(console, Text("  then: modellab runs show RUN, modellab runs transcript RUN", style="dim"))


def transcript(meeting: Meeting, most: int | None = MOST_PARAGRAPHS) -> RenderableType:
    """Paragraphs with their time and speaker; `most` limits how many."""
    if not meeting.paragraphs:
        return Text("No speech was found.", style="dim")
    styles = speaker_styles([participant.id for participant in meeting.participants])
    lines = Table.grid(
        Column(justify="right", style="dim", no_wrap=True),
        Column(no_wrap=True),
        Column(overflow="fold"),
        padding=(0, 2, 0, 0),
    )
    for paragraph in meeting.paragraphs[:most]:
        name = Text(meeting.name(paragraph.speaker) or "", style=styles.get(paragraph.speaker or "", "dim"))
        lines.add_row(clock(paragraph.start_s, 1), name, paragraph.text)
    return lines


def timings(records: Sequence[StepRecord]) -> RenderableType:
    """How long each step took, and what for. Speed is audio over inference; a cached step has none."""
    rows = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    rows.add_column("  Step", no_wrap=True)
    rows.add_column("Model", style="dim", overflow="ellipsis")  # the one column that gives way on a narrow terminal
    for name in ("Load", "Inference", "Other", "Total", "Speed"):
        rows.add_column(name, justify="right", no_wrap=True)
    for record in records:
        state = state_of(record)
        mark, style = MARKS[state]
        took = (figure(record.other_s), figure(record.total_s)) if state != "not run" else ("", "")
        rows.add_row(
            Text.assemble((f"{mark} ", style), record.step),
            record.model or "",
            *(_blank_zero(seconds) for seconds in (record.load_s, record.inference_s)),
            *took,
            (speed(record.audio_s, record.inference_s) or "") if state == "done" else Text(state, style=style),
        )
    legend = Text("  seconds; speed is the sound's length over inference", style="dim")
    return Group(rows, legend) if any(record.inference_s for record in records) else rows


def _blank_zero(seconds: float) -> str:
    return figure(seconds) if seconds else ""


def _headline(outcome: FileOutcome, meeting: Meeting | None) -> Text:
    facts = [length(outcome.audio_s)]
    if meeting is not None:
        if meeting.participants:
            facts.append(plural(len(meeting.participants), "speaker"))
        facts.append(plural(meeting.words, "word"))
        if meeting.language:
            facts.append(f"language {meeting.language}")
    return Text.assemble("  ", (outcome.name, "bold"), "   ", (" · ".join(facts), "dim"))


def _verdict(outcome: FileOutcome) -> str:
    took = f"took {length(outcome.seconds)} for {length(outcome.audio_s)} of audio"
    if outcome.all_cached:
        return f"Every step was cached, no model was loaded; {took}."
    cached = sum(record.cached for record in outcome.records)
    reused = f", {cached} of {plural(len(outcome.records), 'step')} cached" if cached else ""
    return f"{took.capitalize()}{reused}."


def _print_places(console: Console, outcome: FileOutcome, lab: Lab) -> None:
    if pack := outcome.results(lab)(Kind.PACK):
        _print_place(console, "Meeting Pack", _link(pack.file("pack/index.html")))
        for what, why in missing_parts(pack).items():
            _print_place(console, "", Text(f"without {what}: {why}", style="yellow"))
        _print_place(console, "", Text(f"modellab runs bundle {outcome.run} --to DIR takes it along", style="dim"))
    if sound := outcome.sound(lab):
        _print_place(console, "Sound", _link(sound))
    if labels := outcome.results(lab)(Kind.LABELS):
        heard = (f"{label} {score:.2f}" for label, score in labels.summary["top"].items())
        _print_place(console, "Likeliest", Text(", ".join(heard)))
    if notes := outcome.results(lab)(Kind.NOTES):
        _print_place(console, "MIDI", _link(notes.file(MIDI_FILE)))
    _print_place(console, "Database", _link(lab.database))
    _print_place(console, "Run", Text.assemble(outcome.run or "", (f"   modellab runs show {outcome.run}", "dim")))


def _print_place(console: Console, name: str, place: Text) -> None:
    print_line(console, Text.assemble("  ", (f"{name:<15}", "bold"), place))


def _link(path: Path) -> Text:
    return Text(str(path), style=f"link {path.as_uri()}")


def _summary_row(outcome: FileOutcome, lab: Lab) -> tuple[str | Text, ...]:
    state: State = "failed" if outcome.status != "completed" else "cached" if outcome.all_cached else "done"
    mark, style = MARKS[state]
    name = Text.assemble((f"{mark} ", style), outcome.name)
    if outcome.source is None:
        return name, "", "", "", "", Text(outcome.status, style=style)
    meeting = meeting_of(outcome.source, outcome.results(lab), lab)
    took: str | Text = length(outcome.seconds)
    if outcome.same_as or state != "done":
        took = Text("same input" if outcome.same_as else state, style=style)
    return (
        name,
        outcome.run or "",
        length(outcome.audio_s),
        f"{meeting.words:,}" if meeting else "",
        str(len(meeting.participants)) if meeting and meeting.participants else "",
        took,
    )
