"""The asset `music_transcription`: which notes are played."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset
from assets._page import duration, table
from assets._piano_roll import piano_roll, pitch_name
from assets._step import step_asset
from modellab.formats.midi import read_midi
from modellab.steps import scorers
from modellab.steps.music_transcription import MIDI_FILE, STEP
from modellab.surfaces.in_place import is_inside
from modellab.surfaces.sounds import Notes
from modellab.units import clock, plural
from resources.engine import StepResult

_SHOWN = 12


def notes_of(result: StepResult) -> Notes:
    """What the step heard."""
    return result.artifact.read(Notes)


def page(result: StepResult) -> Mapping[str, Any]:
    """A piano roll, the first notes, which pitches there are most of, and where the MIDI file lies."""
    found = notes_of(result)
    first = [
        [clock(note.start_s, 1), duration(note.duration_s), pitch_name(note.pitch), note.pitch, f"{note.velocity:.2f}"]
        for note in found.notes[:_SHOWN]
    ]
    common = Counter(note.pitch for note in found.notes).most_common(5)
    return {
        "piano_roll": dg.MetadataValue.md(piano_roll(found.notes, found.duration_s)),
        "first_notes": dg.MetadataValue.md(
            table(["at", "for", "note", "MIDI", "velocity"], first) if first else "No note is heard."
        ),
        "most_common": ", ".join(f"{pitch_name(pitch)} ({count})" for pitch, count in common) or "-",
        "midi": dg.MetadataValue.path(str(result.artifact.file(MIDI_FILE))),
        "dagster/row_count": len(found.notes),
    }


def _in_place(result: StepResult) -> Verdict:
    found = notes_of(result)
    wrong = [
        note
        for note in found.notes
        if not is_inside(note, found.duration_s) or not (0 <= note.pitch <= 127 and 0.0 < note.velocity <= 1.0)
    ]
    said = f"{plural(len(found.notes), 'note')}, {len(wrong)} out of place"
    return Verdict(not wrong, said, {"wrong": [str(note) for note in wrong[:5]]})


def _midi_has_them(result: StepResult) -> Verdict:
    found, written = notes_of(result), read_midi(result.artifact.file(MIDI_FILE))
    same = sorted(note.pitch for note in found.notes) == sorted(note.pitch for note in written)
    return Verdict(same, f"{plural(len(written), 'note')} in the MIDI file, {len(found.notes)} heard")


def _notes_heard(result: StepResult) -> Verdict:
    found = notes_of(result)
    return Verdict(bool(found.notes), f"{plural(len(found.notes), 'note')} heard")


MUSIC_TRANSCRIPTION = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "notes_in_place",
            "Every note has a length, lies inside the recording, and is one that MIDI has.",
            _in_place,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("midi_has_them", "The MIDI file has the notes that were heard.", _midi_has_them),
        Check("notes_heard", "There are notes; speech and noise have few.", _notes_heard),
    ],
)

MUSIC_METRICS = metrics_asset(scorers.MUSIC_METRICS)
