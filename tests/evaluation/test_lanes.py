"""Who speaks when, reference and systems under each other. Exact, by hand; wrong time against the metrics' library."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modellab.datasets.reference import Reference
from modellab.evaluation.report.lanes import WIDTH, Bar, drawn, found_by, spoken, wrong
from modellab.metrics.detection import detection_error
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Turn

SAID = [Turn(0.0, 4.0, "ann"), Turn(4.0, 6.0, "bob"), Turn(5.0, 8.0, "ann")]


def test_a_systems_speakers_have_the_names_of_whom_they_mostly_are() -> None:
    result = Diarization(
        [Turn(0.0, 3.0, "SPEAKER_00"), Turn(4.0, 6.0, "SPEAKER_01"), Turn(9.0, 9.5, "SPEAKER_02")], 10.0
    )
    said = spoken(Reference(turns=SAID), result)
    assert said == {"ann": [Segment(0.0, 4.0), Segment(5.0, 8.0)], "bob": [Segment(4.0, 6.0)]}
    assert found_by(result, said) == {
        "ann": [Segment(0.0, 3.0)],
        "bob": [Segment(4.0, 6.0)],
        "SPEAKER_02 of the system": [Segment(9.0, 9.5)],
    }
    assert wrong(said, found_by(result, said)) == [
        (3.0, 4.0, 1.0),
        (5.0, 6.0, 1.0),
        (6.0, 8.0, 2.0),
        (9.0, 9.5, 0.5),
    ]
    assert spoken(Reference(), result) is None


def test_speech_alone_is_one_row_and_turns_stand_in_for_it() -> None:
    result = SpeechSegments([Segment(1.0, 2.0)], 10.0)
    assert spoken(Reference(turns=SAID), result) == {"": [Segment(0.0, 8.0)]}
    assert spoken(Reference(turns=SAID, speech=[]), result) == {"": []}
    assert found_by(result, {}) == {"": [Segment(1.0, 2.0)]}


def test_the_drawing_is_the_stretch_with_a_row_for_each_speaker() -> None:
    said = {"ann": [Segment(0.0, 4.0), Segment(30.0, 31.0)], "bob": [Segment(15.0, 25.0)]}
    picture = drawn(said, {"system": {"bob": [Segment(12.0, 15.0)]}}, 10.0, 30.0)
    reference, system = picture.lanes
    assert (reference.name, system.name) == ("reference", "system")
    assert reference.bars == (Bar(WIDTH / 4, 31.0, WIDTH / 2, 1),)
    [bar] = system.bars
    assert (bar.x, bar.width, bar.colour) == (WIDTH / 10, WIDTH * 3 / 20, 1)
    assert bar.y > reference.bars[0].y and bar.y + picture.row < picture.height
    assert (reference.told, system.told) == ("bob 0:15.0 to 0:25.0", "bob 0:12.0 to 0:15.0")
    assert picture.marks == (
        (0.0, "0:10.0"),
        (180.0, "0:15.0"),
        (360.0, "0:20.0"),
        (540.0, "0:25.0"),
        (720.0, "0:30.0"),
    )


SPANS = some.lists(some.tuples(some.integers(0, 30), some.integers(1, 5)), max_size=6).map(
    lambda pairs: [Segment(float(start), float(start + length)) for start, length in pairs]
)


@given(SPANS, SPANS)
def test_what_is_wrong_is_as_long_as_the_metric_says(said: list[Segment], found: list[Segment]) -> None:
    one = spoken(Reference(speech=said), SpeechSegments([], 40.0))
    assert one is not None
    other = found_by(SpeechSegments(found, 40.0), one)
    score = detection_error(one[""], other[""], evaluated=[Segment(0.0, 40.0)])
    stretches = wrong(one, other)
    assert sum(errors for _, _, errors in stretches) == pytest.approx(score.numerator)
    assert all(a[1] <= b[0] for a, b in pairwise(stretches))
