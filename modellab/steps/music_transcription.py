"""The music_transcription step: what is played, as notes and as MIDI."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.formats.midi import MidiNote, to_midi
from modellab.media.canonical import CanonicalAudio
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.sounds import Notes

MIDI_FILE = "notes.mid"


class MusicTranscriptionParameters(StepParameters):
    """When sound counts as a note. The defaults are those of basic-pitch."""

    onset_threshold: float = Field(0.5, gt=0, lt=1, description="how sure the model must be that a note begins")
    frame_threshold: float = Field(0.3, gt=0, lt=1, description="how sure it must be that the note goes on")
    min_note_ms: float = Field(127.7, ge=0, le=10_000, description="shorter notes are dropped")


def run(context: StepContext) -> Mapping[str, Any]:
    """Find the notes in the canonical audio, mixed to mono at the model's rate."""
    audio = CanonicalAudio.open(context.reads["audio"])
    waveform = audio.waveform(context.load().sample_rate_hz)
    with context.model() as model:
        found: Notes = model.transcribe_notes(waveform, context.parameters.model_dump(), context.progress)
    notes = found.in_original_time(audio.time_map)
    save(notes, context.output)
    played = [MidiNote(one.start_s, one.end_s, one.pitch, one.velocity) for one in notes.notes]
    (context.output / MIDI_FILE).write_bytes(to_midi(played))
    pitches = [one.pitch for one in notes.notes]
    return {
        "notes": len(pitches),
        "lowest": min(pitches, default=None),
        "highest": max(pitches, default=None),
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `notes` for each note."""
    return {
        "notes": [
            {
                "position": position,
                "start_s": one.start_s,
                "end_s": one.end_s,
                "pitch": one.pitch,
                "velocity": one.velocity,
            }
            for position, one in enumerate(artifact.read(Notes).notes)
        ]
    }


STEP = StepDefinition(
    name="music_transcription",
    description="Writes music down: which notes are played and when, as MIDI too.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.NOTES,),
    parameters=MusicTranscriptionParameters,
    run=run,
    packages=(*SAMPLES, "mido"),
    surface="music_transcription",
    tables=tables,
)
