"""What the checks of timed results ask of their stretches."""

import pytest

from modellab.surfaces.in_place import is_inside, overlapping
from modellab.surfaces.results import Segment


@pytest.mark.parametrize(
    ("start_s", "end_s", "inside"),
    [
        (0.0, 10.0, True),
        (-0.001, 10.001, True),
        (-0.002, 5.0, False),
        (5.0, 10.002, False),
        (5.0, 5.0, False),
        (6.0, 5.0, False),
        (11.0, 12.0, False),
    ],
)
def test_a_stretch_has_a_length_and_lies_inside_its_recording_to_a_millisecond(
    start_s: float, end_s: float, inside: bool
) -> None:
    assert is_inside(Segment(start_s, end_s), 10.0) is inside


def test_what_begins_before_the_one_ahead_of_it_ends_overlaps() -> None:
    first, touching, within, apart = Segment(0.0, 2.0), Segment(1.9995, 4.0), Segment(3.0, 3.5), Segment(3.5, 5.0)
    assert list(overlapping([first, touching, within, apart])) == [within]
