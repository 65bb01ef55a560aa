"""MIDI files: notes with their times in seconds. Read by mido, which follows the tempo.

Notes of the percussion channel are left out: their numbers name drums, not pitches. A note ends where its key is let
go, whether or not a pedal holds its sound.
"""

from collections import defaultdict
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
