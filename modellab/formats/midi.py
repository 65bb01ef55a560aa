"""MIDI files: notes with their times in seconds. Read and written by mido, which follows the tempo.

Notes of the percussion channel are left out: their numbers name drums, not pitches. A note ends where its key is let
go, whether or not a pedal holds its sound.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.errors import LabError, TextRefused
from modellab.formats.lines import REFERENCE
from modellab.outside import read_bytes

if TYPE_CHECKING:
    import mido

_PERCUSSION = 9
"""Channel 10 of General MIDI, counted from 0."""
_LOUDEST = 127
_BEATS_PER_MINUTE = 120
_TICKS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class MidiNote:
    """One note."""

    start_s: float
    end_s: float
    pitch: int
    """0 to 127; 60 is middle C."""
    velocity: float
    """Above 0, up to 1."""


def read_midi(path: Path) -> list[MidiNote]:
    """Every note, in order of start and pitch. One that is never let go lasts to the file's end.

    Raises:
        LabError: the file is not a MIDI file, or its tracks are not of one time.
    """
    import io

    import mido

    allowed = "a standard MIDI file of type 0 or 1"
    try:
        # Bytes that mean nothing beyond 127 are clipped by programs that play it, and so here.
        file = mido.MidiFile(file=io.BytesIO(read_bytes(path, REFERENCE)), clip=True)
        return _notes(file)
    except (OSError, TextRefused) as error:
        raise LabError(f"{path} can't be read as MIDI", found=str(error), allowed=allowed) from error
    except Exception as error:  # mido fails in many ways on what is none
        found = f"{type(error).__name__}: {error}"
        raise LabError(f"{path} is not MIDI", found=found, allowed=allowed) from error


def to_midi(notes: Iterable[MidiNote]) -> bytes:
    """Notes as a standard MIDI file of one track, a piano at 120 beats a minute; times to the nearest millisecond.

    MIDI has one key for each pitch: where a note begins while another of its pitch sounds, that one ends there.

    Raises:
        ValueError: a pitch or velocity that MIDI does not have, or a note that ends before it begins.
    """
    import io

    import mido

    events: list[tuple[int, int, int, int]] = []
    """Tick, 0 for an end and 1 for a beginning, pitch, velocity."""
    ends_at: dict[int, int] = {}
    """Pitch -> where in `events` the end of its last note is."""
    for note in sorted(notes, key=lambda one: (one.start_s, one.pitch, one.end_s)):
        if not (0 <= note.pitch <= 127 and 0.0 < note.velocity <= 1.0 and 0.0 <= note.start_s < note.end_s):
            raise ValueError(f"{note} is no note that MIDI has")
        start, end = round(note.start_s * _TICKS_PER_S), round(note.end_s * _TICKS_PER_S)
        before = ends_at.get(note.pitch)
        if before is not None and events[before][0] > start:
            events[before] = (start, *events[before][1:])
        events.append((start, 1, note.pitch, max(1, round(note.velocity * _LOUDEST))))
        ends_at[note.pitch] = len(events)
        events.append((max(end, start + 1), 0, note.pitch, 0))
    track, now = mido.MidiTrack(), 0
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(_BEATS_PER_MINUTE), time=0))
    for tick, begins, pitch, velocity in sorted(events):
        kind = "note_on" if begins else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    file, data = mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_S * 60 // _BEATS_PER_MINUTE), io.BytesIO()
    file.tracks.append(track)
    file.save(file=data)
    return data.getvalue()


def _notes(file: "mido.MidiFile") -> list[MidiNote]:
    now_s = 0.0
    sounding: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    notes: list[MidiNote] = []
    for message in file:
        now_s += message.time
        if message.type not in ("note_on", "note_off") or message.channel == _PERCUSSION:
            continue
        key = message.channel, message.note
        if message.type == "note_on" and message.velocity > 0:
            sounding[key].append((now_s, message.velocity / _LOUDEST))
        elif sounding[key]:
            # Of one key that was struck twice, what began first ends first.
            start_s, velocity = sounding[key].pop(0)
            notes.append(MidiNote(start_s, now_s, message.note, velocity))
    for (_, pitch), begun in sounding.items():
        notes += (MidiNote(start_s, now_s, pitch, velocity) for start_s, velocity in begun)
    return sorted(notes, key=lambda note: (note.start_s, note.pitch, note.end_s))
