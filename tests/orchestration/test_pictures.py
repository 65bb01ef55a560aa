import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assets._pictures import COLOURS, MOST_CHARACTERS, Lane, svg, timeline
from modellab.media.envelope import Envelope


def _envelope(heights: list[float], duration_s: float = 100.0) -> Envelope:
    overview = np.array([[-height for height in heights], heights], dtype=np.float32)
    return Envelope(overview, overview, duration_s)


def _paths(markdown: str) -> list[ElementTree.Element]:
    [uri] = re.findall(r"^!\[waveform\]\(<data:image/svg\+xml,([^<>]*)>\)$", markdown)
    return ElementTree.fromstring(unquote(uri)).findall(".//{http://www.w3.org/2000/svg}path")


def _filled(path: ElementTree.Element) -> set[int]:
    """The columns that a lane's path strokes."""
    columns: set[int] = set()
    at = 0
    for move, x, length in re.findall(r"([Mm])(-?\d+) \d+h(\d+)", path.get("d")):
        at = int(x) if move == "M" else at + int(x)
        columns |= set(range(at, at + int(length)))
        at += int(length)
    return columns


def test_a_lane_strokes_the_columns_its_spans_cover():
    lane = Lane("Speaker 1", [(0.0, 10.0), (40.0, 55.0), (95.0, 100.0)])
    wave, path = ElementTree.fromstring(svg(_envelope([0.5] * 100), [lane], 20)).findall(
        ".//{http://www.w3.org/2000/svg}path"
    )
    assert path.get("stroke") == COLOURS[0]
    assert _filled(path) == {0, 1, 8, 9, 10, 19}
    assert wave.get("d").startswith("M0 0l1-26 1 0 1 0")


def test_the_waveform_is_scaled_to_its_loudest_moment_and_silence_stays_flat():
    [loud] = _paths(timeline(_envelope([0.001, 0.002])))
    assert loud.get("d").startswith("M0 0l1-13")
    [silent] = _paths(timeline(_envelope([0.0, 0.0])))
    assert set(re.findall(r"1 (-?\d+)", silent.get("d"))) == {"0"}


def test_a_label_from_outside_is_no_markup():
    lane = Lane("<b>'&\"|]>(", [(0.0, 1.0)])
    assert len(_paths(timeline(_envelope([1.0]), [lane]))) == 2


@settings(max_examples=60, deadline=None)
@given(
    heights=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=2000),
    edges=st.lists(st.lists(st.floats(0, 100), max_size=400), max_size=9),
)
def test_a_picture_is_always_small_enough_to_be_shown_in_place(heights, edges):
    lanes = [
        Lane(f"Speaker {n}", list(zip(sorted(times)[::2], sorted(times)[1::2], strict=False)))
        for n, times in enumerate(edges)
    ]
    picture = timeline(_envelope(heights), lanes)
    assert len(picture) <= MOST_CHARACTERS
    assert 1 <= len(_paths(picture)) <= 1 + len(COLOURS)
