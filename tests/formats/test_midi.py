"""MIDI: what is written is read again, to the millisecond."""

from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as some

from modellab.formats.midi import MidiNote, read_midi, to_midi

NOTES = some.lists(
    some.builds(
        lambda start, length, pitch, loud: MidiNote(start / 1000, (start + length) / 1000, pitch, loud / 127),
        some.integers(0, 100_000),
        some.integers(1, 5000),
        some.integers(0, 127),
        some.integers(1, 127),
    ),
    max_size=12,
    unique_by=lambda note: note.pitch,
)


@given(NOTES)
def test_notes_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, notes: list[MidiNote]) -> None:
    path = tmp_path_factory.mktemp("midi") / "notes.mid"
    path.write_bytes(to_midi(notes))
    found = read_midi(path)
    expected = sorted(notes, key=lambda note: (note.start_s, note.pitch))
    assert [(one.pitch, one.velocity) for one in found] == [(one.pitch, one.velocity) for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.start_s == pytest.approx(other.start_s, abs=1e-6)
        assert one.end_s == pytest.approx(other.end_s, abs=1e-6)


def written(tmp_path: Path, *notes: MidiNote) -> list[tuple[float, float, int]]:
    path = tmp_path / "notes.mid"
    path.write_bytes(to_midi(notes))
    return [(round(one.start_s, 6), round(one.end_s, 6), one.pitch) for one in read_midi(path)]


def test_a_key_that_is_struck_again_ends_what_sounds_and_another_pitch_does_not(tmp_path: Path) -> None:
    notes = (MidiNote(0.0, 2.0, 60, 0.5), MidiNote(1.0, 3.0, 60, 0.5), MidiNote(0.5, 2.5, 64, 0.5))
    assert written(tmp_path, *notes) == [(0.0, 1.0, 60), (0.5, 2.5, 64), (1.0, 3.0, 60)]


def test_a_note_lasts_a_millisecond_at_least_and_a_file_may_have_none(tmp_path: Path) -> None:
    assert written(tmp_path, MidiNote(0.5, 0.5001, 60, 0.001)) == [(0.5, 0.501, 60)]
    assert written(tmp_path) == []


def test_other_programs_read_its_tempo(tmp_path: Path) -> None:
    path = tmp_path / "notes.mid"
    path.write_bytes(to_midi([MidiNote(1.0, 2.0, 60, 1.0)]))
    file = mido.MidiFile(path)
    assert (file.type, file.length) == (0, pytest.approx(2.0))
    assert [message.tempo for message in file.tracks[0] if message.type == "set_tempo"] == [500_000]


@pytest.mark.parametrize(
    "note",
    [
        MidiNote(0.0, 1.0, 128, 0.5),
        MidiNote(0.0, 1.0, 60, 0.0),
        MidiNote(1.0, 1.0, 60, 0.5),
        MidiNote(-1.0, 1.0, 60, 0.5),
    ],
)
def test_what_midi_does_not_have_is_refused(note: MidiNote) -> None:
    with pytest.raises(ValueError, match="is no note that MIDI has"):
        to_midi([note])
