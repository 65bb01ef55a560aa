"""The music_transcription step on a tune whose notes are known, and its scorer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.artifacts.store import Artifact
from modellab.datasets.reference import Reference, ReferenceNote
from modellab.errors import WeightsMissing
from modellab.formats.midi import read_midi
from modellab.media.audio import TimeMap
from modellab.registry.hosts.codec import decode, encode
from modellab.registry.registry import ModelRegistry
from modellab.registry.weights import WeightStore
from modellab.settings import PROJECT_ROOT, Lab, Settings
from modellab.steps import music_transcription
from modellab.steps.music_transcription import MIDI_FILE
from modellab.steps.scorers import MUSIC_METRICS
from modellab.surfaces.names import can_be_remote
from modellab.surfaces.sounds import Note, Notes
from modellab.warehouse.schema import columns_by_table

from .judging import judged, kept

RunSteps = Callable[..., dict[str, Artifact]]
MODELS = {"music_transcription": "basic_pitch"}
SCALE = PROJECT_ROOT / "datasets" / "media" / "music" / "scale.flac"
C = Note(1.0, 2.0, 60, 0.5)


def test_times_are_the_original_recordings_and_what_was_cut_is_gone() -> None:
    kept_spans = TimeMap.identity(20.0).keep([(10.0, 14.0)])
    assert Notes([C], 4.0).in_original_time(kept_spans) == Notes([Note(11.0, 12.0, 60, 0.5)], 20.0)
    assert Notes([Note(4.0, 4.5, 60, 0.5)], 4.0).in_original_time(kept_spans).notes == []


def test_notes_go_to_other_hosts_and_back() -> None:
    assert can_be_remote("music_transcription")
    assert decode(*encode(Notes([C], 4.0))) == Notes([C], 4.0)


def test_its_scorer_counts_notes_by_onset_and_pitch(tmp_path: Path) -> None:
    found = Notes([C, Note(3.0, 3.5, 64, 0.5), Note(5.0, 6.0, 70, 0.5)], 8.0)
    reference = Reference(notes=[ReferenceNote(1.02, 2.0, 60), ReferenceNote(3.0, 3.9, 64)])
    [result] = judged(MUSIC_METRICS, tmp_path, reference, kept(tmp_path, {"notes": found})).results
    assert {score.metric.name: score.value for score in result.scores} == {
        **{"onset_f1": 0.8, "note_f1": 0.8, "offset_f1": 0.4, "note_with_offset_f1": 0.4}
    }


def test_without_the_package_the_error_says_how_it_is_installed(tmp_path: Path) -> None:
    registry = ModelRegistry()
    config, ref = registry.resolve("basic_pitch")
    error = WeightStore(Lab(Settings(_env_file=None, home=tmp_path))).missing(config, ref, [])
    assert isinstance(error, WeightsMissing)
    assert "Install the Python package basic-pitch: pip install --no-deps basic-pitch==0.4.0." in str(error)


def test_a_scale_becomes_its_notes_midi_and_rows(run_steps: RunSteps, tmp_path: Path) -> None:
    pytest.importorskip("basic_pitch", reason="pip install --no-deps basic-pitch==0.4.0")
    samples, rate = soundfile.read(SCALE, dtype="float32")
    path = tmp_path / "late.wav"
    soundfile.write(path, np.concatenate([np.zeros(5 * rate, dtype=np.float32), samples]), rate)
    trimmed = {"ingest": {"operators": [{"name": "trim_silence"}]}}
    artifact = run_steps(path, "ingest", "music_transcription", models=MODELS, parameters=trimmed)[
        "music_transcription"
    ]
    found = artifact.read(Notes)
    expected = read_midi(SCALE.with_suffix(".mid"))
    assert [note.pitch for note in found.notes] == [60, 62, 64, 65, 67, 69, 71, 72]
    assert [note.start_s - 5 for note in found.notes] == pytest.approx([one.start_s for one in expected], abs=0.06)
    assert artifact.summary == {"notes": 8, "lowest": 60, "highest": 72}
    written = read_midi(artifact.file(MIDI_FILE))
    assert [(one.pitch, round(one.start_s, 3)) for one in written] == [
        (note.pitch, round(note.start_s, 3)) for note in found.notes
    ]
    rows = list(music_transcription.tables(artifact)["notes"])
    assert [row["pitch"] for row in rows] == [note.pitch for note in found.notes]
    assert all(set(row) <= set(columns_by_table()["notes"]) for row in rows)
