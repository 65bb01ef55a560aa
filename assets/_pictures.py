"""Pictures for the UI: a recording's waveform over time, with lanes of spans (speech, speakers) beneath it.

The UI shows Markdown beside the other metadata only below 1,000 characters, and pictures in it only as image links. So
a picture is an SVG small enough for that, with as many columns as fit. The Meeting Pack's page has the large one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from modellab.media.envelope import Envelope

COLOURS = ("royalblue", "darkorange", "seagreen", "orchid")
"""One a lane, readable on white and on black; names, since they are shorter than `#rrggbb` once encoded."""
MOST_CHARACTERS = 999

_WIDTH = 440
_LABEL_WIDTH = 72
_HALF_HEIGHT = 26
"""Of the waveform, in pixels; also the steps it is drawn in."""
_LANE_HEIGHT = 16
_COLUMNS = range(24, 201, 4)
"""Into how many stretches a picture may cut the recording."""
_UNENCODED = " =:/'().,-"
"""May stand as they are in a data URI inside the angle brackets of a Markdown image."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of spans."""

    label: str
    spans: Sequence[tuple[float, float]]
    """Start and end in seconds, in order of start."""


def timeline(envelope: Envelope, lanes: Sequence[Lane] = ()) -> str:
    """A picture of a recording as Markdown: its waveform, and the first four lanes beneath it."""
    shown = lanes[: len(COLOURS)]
    found = ""
    # One of fewer columns is shorter as a rule: halving what is left takes six pictures, one after the other forty.
    fits, too_many = 0, len(_COLUMNS)
    while fits < too_many:
        place = (fits + too_many) // 2
        text = in_markdown("waveform", svg(envelope, shown, _COLUMNS[place]))
        if len(text) <= MOST_CHARACTERS:
            found, fits = text, place + 1
        else:
            too_many = place
    return found or timeline(envelope, shown[:-1])


def in_markdown(name: str, document: str) -> str:
    """An SVG document as an image of Markdown; shown up to `MOST_CHARACTERS`."""
    return f"![{name}](<data:image/svg+xml,{quote(document, safe=_UNENCODED)}>)"


def svg(envelope: Envelope, lanes: Sequence[Lane], columns: int) -> str:
    """The picture as an SVG document; x counts columns within the group, y is 0 in the middle of the waveform.

    Args:
        columns: into how many stretches the recording is cut. Each is as high as its loudest moment, and belongs to a
            span when its middle does.
    """
    height = 2 * _HALF_HEIGHT + _LANE_HEIGHT * len(lanes)
    labels = "".join(
        f"<text x='-{_LABEL_WIDTH}' y='{_middle(row) + 4}'>{_plain(lane.label)}</text>"
        for row, lane in enumerate(lanes)
    )
    rows = "".join(
        f"<path stroke='{colour}' d='{path}'/>"
        for row, (lane, colour) in enumerate(zip(lanes, COLOURS, strict=False))
        if (path := _spans(lane, _middle(row), columns, envelope.duration_s))
    )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height}'"
        f" viewBox='-{_LABEL_WIDTH} -{_HALF_HEIGHT} {_WIDTH} {height}' font-family='arial' font-size='11' fill='gray'>"
        f"{labels}<g stroke-width='9' transform='scale({(_WIDTH - _LABEL_WIDTH) / columns:.2f} 1)'>"
        f"<path id='w' d='{_outline(envelope, columns)}'/><use href='#w' transform='scale(1 -1)'/>{rows}</g></svg>"
    )


def _middle(row: int) -> int:
    return _HALF_HEIGHT + _LANE_HEIGHT * row + _LANE_HEIGHT // 2


def _plain(label: str) -> str:
    return "".join(character for character in label[:11] if character.isalnum() or character == " ")


def _outline(envelope: Envelope, columns: int) -> str:
    """The upper half of the waveform, scaled to its loudest moment: a quiet recording would be a line."""
    magnitudes = np.abs(envelope.overview).max(axis=0)
    starts = np.linspace(0, len(magnitudes), columns, endpoint=False).astype(np.int64)
    heights: npt.NDArray[np.float32] = np.maximum.reduceat(magnitudes, starts)
    steps = np.rint(heights / max(float(heights.max()), 1e-9) * _HALF_HEIGHT).astype(int)
    moves = (f"1{-rise}" if rise > 0 else f"1 {-rise}" for rise in np.diff(steps, prepend=0))
    return f"M0 0l{' '.join(moves)}V0z"


def _spans(lane: Lane, y: int, columns: int, duration_s: float) -> str:
    """The columns whose middle lies in a span, as horizontal strokes."""
    middles = (np.arange(columns) + 0.5) * duration_s / columns
    filled = np.zeros(columns + 2, dtype=np.int8)
    for start, end in lane.spans:
        filled[1:-1] |= (start <= middles) & (middles < end)
    edges = np.flatnonzero(np.diff(filled))
    moves: list[str] = []
    at = 0
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        moves.append(f"M{begin} {y}h{end - begin}" if not moves else f"m{begin - at} 0h{end - begin}")
        at = end
    return "".join(moves)
