from collections.abc import Callable

import numpy as np
import pytest

from modellab.bundle.meeting import Meeting
from modellab.bundle.timeline import bar_heights, bar_owners, lane_path, ticks, waveform_paths
from modellab.surfaces.results import Segment, SpeechSegments

MakeMeeting = Callable[..., Meeting]


def test_bars_take_the_highest_peak_of_their_stretch() -> None:
    peaks = np.array([0.0, 0.25, 0.04, 0.01], dtype=np.float32)
    assert bar_heights(peaks, 2) == pytest.approx([1.0, 0.4])


def test_more_bars_than_peaks_repeat_them() -> None:
    assert bar_heights(np.array([0.5, 0.125], dtype=np.float32), 4) == pytest.approx([1.0, 1.0, 0.5, 0.5])


@pytest.mark.parametrize("peaks", [[], [0.0, 0.0]])
def test_silence_has_flat_bars(peaks: list[float]) -> None:
    assert bar_heights(np.array(peaks, dtype=np.float32), 3).tolist() == [0.0, 0.0, 0.0]


def test_a_bar_belongs_to_whoever_talks_most_in_it() -> None:
    ann, bob = [Segment(0.0, 1.2), Segment(5.5, 6.0)], [Segment(1.2, 4.0)]
    assert bar_owners([ann, bob], 8.0, bars=4) == [0, 1, 0, None]
    assert bar_owners([], 8.0, bars=2) == [None, None]


def test_waveform_is_coloured_by_speaker_or_by_speech(make_meeting: MakeMeeting, two_speakers: Meeting) -> None:
    peaks = np.ones(100, dtype=np.float32)
    assert set(waveform_paths(two_speakers, peaks)) == {"s0", "s1", "silent"}
    unknown = make_meeting(speech=SpeechSegments([Segment(0.0, 5.0)], 20.0))
    assert {kind: path.count("M") for kind, path in waveform_paths(unknown, peaks).items()} == {
        "speech": 80,
        "silent": 240,
    }


def test_lanes_hold_a_box_per_turn_and_none_is_too_thin_to_see(make_meeting: MakeMeeting) -> None:
    meeting = make_meeting(turns=[(1.0, 2.0, "X"), (5.0, 5.001, "X")], duration_s=3000.0)
    assert lane_path(meeting.participants[0], 3000.0) == "M1 0h2v100h-2zM5 0h2v100h-2z"


@pytest.mark.parametrize(
    ("duration_s", "labels"),
    [
        (0.0, []),
        (0.01, ["0:00"]),
        (30.0, ["0:00", "0:05", "0:10", "0:15", "0:20", "0:25"]),
        (10_800.0, ["0:00", "30:00", "1:00:00", "1:30:00", "2:00:00", "2:30:00"]),
    ],
)
def test_ticks_are_round_and_few(duration_s: float, labels: list[str]) -> None:
    assert [tick.label for tick in ticks(duration_s)] == labels
