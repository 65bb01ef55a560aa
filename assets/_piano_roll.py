"""A picture of notes for the UI, with the limits of `_pictures`: pitch upwards, time to the right.

With many notes it gets coarser: fewer moments first, then several pitches in a row.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assets._pictures import COLOURS, MOST_CHARACTERS, in_markdown
from modellab.surfaces.sounds import Note

_WIDTH, _HEIGHT, _LABEL_WIDTH = 440, 120, 36
_COLUMNS = (220, 180, 140, 110, 80, 60, 44, 32, 24)
_SEMITONES = (1, 2, 3, 4, 6, 12)
"""In a row."""
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def pitch_name(pitch: int) -> str:
    """A pitch as musicians write it: 60 is C4."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def piano_roll(notes: Sequence[Note], duration_s: float) -> str:
    """Notes as a picture in Markdown; empty where there are none, or they don't fit in any grid."""
    if not notes or duration_s <= 0.0:
        return ""
    for semitones in _SEMITONES:
        for columns in _COLUMNS:
            text = in_markdown("notes", svg(notes, duration_s, columns, semitones))
            if len(text) <= MOST_CHARACTERS:
                return text
    return ""


def svg(notes: Sequence[Note], duration_s: float, columns: int, semitones: int) -> str:
    """The picture as an SVG document: a stroke for each stretch of a row in which something sounds.

    Args:
        columns: into how many moments the recording is cut.
        semitones: how many pitches share a row.
    """
    lowest, highest = min(note.pitch for note in notes), max(note.pitch for note in notes)
    rows = (highest - lowest) // semitones + 1
    sounding = np.zeros((rows, columns), dtype=np.int8)
    for note in notes:
        first = min(int(note.start_s / duration_s * columns), columns - 1)
        # However short, a note is seen.
        after = max(first + 1, min(columns, round(note.end_s / duration_s * columns)))
        sounding[(highest - note.pitch) // semitones, first:after] = 1
    across = (_WIDTH - _LABEL_WIDTH) / columns
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{_HEIGHT}' font-family='arial'"
        f" font-size='11' fill='gray'><text y='10'>{pitch_name(highest)}</text>"
        f"<text y='{_HEIGHT - 2}'>{pitch_name(lowest)}</text>"
        f"<g transform='translate({_LABEL_WIDTH} 0) scale({across:.2f} {_HEIGHT / rows:.2f})'>"
        f"<path stroke='{COLOURS[0]}' stroke-width='.8' d='{_strokes(sounding)}'/></g></svg>"
    )


def _strokes(sounding: "npt.NDArray[np.int8]") -> str:
    moves: list[str] = []
    for row, line in enumerate(sounding):
        edges = np.flatnonzero(np.diff(np.pad(line, 1)))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            moves.append(f"M{begin} {row}.5h{end - begin}")
    return "".join(moves)
