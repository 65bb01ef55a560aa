"""F1 of notes: mir_eval's own figures on random notes, and exact counts of a few."""

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets.reference import Reference, ReferenceNote
from modellab.metrics.score import Score
from modellab.metrics.suites import music


def judged(played: list[ReferenceNote], found: list[ReferenceNote]) -> dict[str, Score]:
    return {score.metric.name: score for score in music.scores(Reference(notes=played), found)}


notes = st.lists(
    st.builds(
        lambda start, length, pitch: ReferenceNote(start, start + length, pitch),
        st.floats(0, 3).map(lambda value: round(value, 2)),
        st.floats(0.05, 1).map(lambda value: round(value, 2)),
        st.integers(60, 63),
    ),
    min_size=1,
    max_size=12,
)


@given(played=notes, found=notes)
@settings(max_examples=150, deadline=None)
def test_figures_are_mir_evals(played: list[ReferenceNote], found: list[ReferenceNote]) -> None:
    (true, true_hz), (guess, guess_hz) = (
        (
            np.array([(note.start_s, note.end_s) for note in one]),
            mir_eval.util.midi_to_hz(np.array([float(note.pitch) for note in one])),
        )
        for one in (played, found)
    )
    got = judged(played, found)
    transcription = mir_eval.transcription
    both = transcription.precision_recall_f1_overlap(true, true_hz, guess, guess_hz)
    onset = transcription.precision_recall_f1_overlap(true, true_hz, guess, guess_hz, offset_ratio=None)
    assert got["onset_f1"].value == pytest.approx(transcription.onset_precision_recall_f1(true, guess)[2], abs=1e-9)
    assert got["offset_f1"].value == pytest.approx(transcription.offset_precision_recall_f1(true, guess)[2], abs=1e-9)
    assert got["note_f1"].value == pytest.approx(onset[2], abs=1e-9)
    assert got["note_with_offset_f1"].value == pytest.approx(both[2], abs=1e-9)


def test_counts_of_a_chord() -> None:
    played = [ReferenceNote(0.0, 1.0, 60), ReferenceNote(0.0, 1.0, 64), ReferenceNote(1.0, 2.0, 67)]
    found = [ReferenceNote(0.03, 1.1, 60), ReferenceNote(0.0, 0.5, 64), ReferenceNote(1.0, 2.0, 55)]
    got = judged(played, found)
    assert set(got) == set(music.METRICS)
    assert {name: score["matched"] for name, score in got.items()} == {
        "onset_f1": 3,
        "offset_f1": 2,
        "note_f1": 2,
        "note_with_offset_f1": 1,
    }
    assert (got["note_f1"] + judged([], [ReferenceNote(0.0, 1.0, 60)])["note_f1"]).value == pytest.approx(4 / 7)


def test_nothing_played_nothing_found_and_nothing_known() -> None:
    assert judged([], [])["note_f1"].value is None
    assert judged([ReferenceNote(0.0, 1.0, 60)], [])["onset_f1"].value == 0.0
    assert music.scores(Reference(), []) == []


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (ReferenceNote(1.0, 1.0, 60), "a note lasts from 1 to 1 s"),
        (ReferenceNote(-1.0, 1.0, 60), "a note lasts from -1 to 1 s"),
        (ReferenceNote(0.0, float("nan"), 60), "a note lasts from 0 to nan s"),
        (ReferenceNote(0.0, 1.0, 130), "a note has the pitch 130, of 0 to 127"),
    ],
)
def test_a_note_that_is_none_fails_the_case(note: ReferenceNote, said: str) -> None:
    assert judged([ReferenceNote(0.0, 1.0, 60)], [note])["note_f1"].error == said
