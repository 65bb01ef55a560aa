"""DER components on hand-made turns, and RTTM there and back."""

from pathlib import Path

import pytest

from modellab.formats.rttm import read_rttm, to_rttm
from modellab.metrics.diarization import diarization_error
from modellab.surfaces.results import Diarization, Segment, Turn
from modellab.surfaces.speakers import diarization_of, overlap_s

REFERENCE = [Turn(0.0, 10.0, "ann"), Turn(8.0, 20.0, "bob")]


def test_each_kind_of_error_is_counted_in_seconds() -> None:
    found = [Turn(0.0, 12.0, "x"), Turn(12.0, 19.0, "y"), Turn(21.0, 22.0, "y")]
    # 8-10 overlap and 19-20 missed; 10-12 is bob's, given to x; 21-22 is nobody's.
    error = diarization_error(REFERENCE, found, evaluated=[Segment(0.0, 25.0)])
    assert error.components == {"total_s": 22.0, "missed_s": 3.0, "false_alarm_s": 1.0, "confusion_s": 2.0}
    assert error.value == pytest.approx(6 / 22)


def test_what_lies_outside_the_evaluated_region_is_not_scored() -> None:
    assert diarization_error(REFERENCE, [Turn(0.0, 30.0, "x")], evaluated=[Segment(0.0, 5.0)]).numerator == 0.0


def test_the_collar_is_on_each_side_of_a_boundary() -> None:
    found = [Turn(0.25, 9.75, "x")]
    reference = [Turn(0.0, 10.0, "ann")]
    assert diarization_error(reference, found, evaluated=[Segment(0.0, 10.0)])["missed_s"] == 0.5
    assert diarization_error(reference, found, evaluated=[Segment(0.0, 10.0)], collar_s=0.25)["missed_s"] == 0.0
    assert diarization_error(reference, found, evaluated=[Segment(0.0, 10.0)], collar_s=0.125)["missed_s"] == 0.25


def test_overlap_can_be_left_out() -> None:
    found = [Turn(0.0, 10.0, "x"), Turn(10.0, 20.0, "y")]
    assert diarization_error(REFERENCE, found, evaluated=[Segment(0.0, 20.0)])["missed_s"] == 2.0
    left_out = diarization_error(REFERENCE, found, evaluated=[Segment(0.0, 20.0)], skip_overlap=True)
    assert (left_out["missed_s"], left_out["total_s"]) == (0.0, 18.0)


def test_rttm_goes_there_and_back_through_pyannotes_reader(tmp_path: Path) -> None:
    turns = [Turn(0.1234567, 1.0, "SPEAKER_00"), Turn(0.5, 2.25, "SPEAKER_01")]
    path = tmp_path / "x.rttm"
    path.write_text(to_rttm(turns, "call"))
    assert path.read_text().splitlines()[1] == "SPEAKER call 1 0.500000 1.750000 <NA> <NA> SPEAKER_01 <NA> <NA>"
    read = read_rttm(path)["call"]
    assert [turn.speaker for turn in read] == ["SPEAKER_00", "SPEAKER_01"]
    assert diarization_error(turns, read, evaluated=[Segment(0.0, 3.0)]).numerator < 1e-5


def test_turns_become_a_valid_diarization() -> None:
    raw = [
        Turn(5.0, 6.0, "spk7"),
        Turn(-0.5, 1.0, "spk9"),
        Turn(1.0, 2.0, "spk9"),
        Turn(1.5, 1.75, "spk9"),
        Turn(9.5, 11.0, "spk7"),
        Turn(3.0, 3.0, "spk1"),
        Turn(10.5, 11.0, "spk2"),
    ]
    assert diarization_of(raw, 10.0) == Diarization(
        [Turn(0.0, 2.0, "SPEAKER_00"), Turn(5.0, 6.0, "SPEAKER_01"), Turn(9.5, 10.0, "SPEAKER_01")], 10.0
    )


def test_overlap_counts_time_not_pairs() -> None:
    assert overlap_s([]) == 0.0
    assert overlap_s([Turn(0.0, 4.0, "a"), Turn(4.0, 5.0, "b")]) == 0.0
    assert overlap_s([Turn(0.0, 4.0, "a"), Turn(1.0, 3.0, "b"), Turn(2.0, 6.0, "c")]) == 3.0
