"""From what the network says of each moment and pitch to notes.

The method of the paper (Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and
Multipitch Estimation", ICASSP 2022) as its makers' package has it; a test compares the two. Here what is left after
the onsets is gone through once in order of strength, where the package looks for the strongest anew each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
"""Shape `(frames, 88)`: how sure the network is, 0 to 1, for each key of a piano."""

LOWEST_PITCH = 21
"""MIDI's, of the first key."""
_PAUSE_FRAMES = 11
"""A note that is as long too faint has ended."""
_RISE_FRAMES = 2
"""An energy that rises over so many frames is a beginning too."""


@dataclass(frozen=True, slots=True)
class FrameNote:
    """A note, its times as numbers of frames."""

    start: int
    end: int
    """The frame after its last."""
    pitch: int
    strength: float
    """Mean of the network's energy in it, 0 to 1."""


def find_notes(
    energy: Floats, onsets: Floats, onset_threshold: float, frame_threshold: float, shortest_frames: int
) -> list[FrameNote]:
    """Notes in order of start and pitch.

    Args:
        energy: whether a pitch sounds.
        onsets: whether one begins.
        shortest_frames: a note is longer than this.
    """
    if not len(energy):
        return []
    left = energy.astype(np.float32, copy=True)
    found = list(
        _from_onsets(
            energy,
            left,
            onsets,
            onset_threshold=onset_threshold,
            threshold=frame_threshold,
            shortest=shortest_frames,
        )
    )
    found += _from_the_rest(energy, left, frame_threshold, shortest_frames)
    return sorted(found, key=lambda note: (note.start, note.pitch, note.end))


def _from_onsets(
    energy: Floats, left: Floats, onsets: Floats, *, onset_threshold: float, threshold: float, shortest: int
) -> Iterator[FrameNote]:
    """From each beginning on, the last first: until its energy is gone, or a note found before begins."""
    last = len(energy) - 1
    begins = np.argwhere(_peaks(_with_rises(onsets, energy), onset_threshold))
    for start, key in begins[::-1].tolist():
        if start >= last:
            continue
        end = _end(left[:, key], start + 1, last, threshold)
        if end - start > shortest:
            _take(left, start, end, key)
            yield _note(energy, start, end, key)


def _from_the_rest(energy: Floats, left: Floats, threshold: float, shortest: int) -> Iterator[FrameNote]:
    """What has energy and no clear beginning: from its strongest moment both ways."""
    last = len(energy) - 1
    strong = np.flatnonzero(left > threshold)
    for place in strong[np.argsort(-left.ravel()[strong], kind="stable")].tolist():
        middle, key = divmod(place, left.shape[1])
        if left[middle, key] <= threshold:
            continue
        left[middle, key] = 0.0
        after = _first_pause(left[middle + 1 : last, key], threshold)
        before = _first_pause(left[1:middle, key][::-1], threshold)
        _take(left, middle + 1, middle + 1 + after.looked, key)
        _take(left, middle - before.looked, middle, key)
        # The package counts the last frame of a note's end as outside, that of its start as inside.
        start, end = middle - before.sounding, middle + after.sounding
        if end - start > shortest:
            yield _note(energy, start, end, key)


@dataclass(frozen=True, slots=True)
class _Way:
    """How far a note goes in one direction."""

    sounding: int
    """Frames to where it is too faint for good."""
    looked: int
    """Frames that were looked at to know."""


def _first_pause(column: Floats, threshold: float) -> _Way:
    """How far the energy goes before it is too faint for `_PAUSE_FRAMES`."""
    quiet = 0
    for number, value in enumerate(column.tolist()):
        quiet = quiet + 1 if value < threshold else 0
        if quiet == _PAUSE_FRAMES:
            return _Way(number + 1 - quiet, number + 1)
    return _Way(len(column) - quiet, len(column))


def _end(column: Floats, first: int, last: int, threshold: float) -> int:
    return first + _first_pause(column[first:last], threshold).sounding


def _take(left: Floats, start: int, end: int, key: int) -> None:
    """A note's energy is used up, and that of the keys beside it, which sound along."""
    left[start:end, max(0, key - 1) : key + 2] = 0.0


def _note(energy: Floats, start: int, end: int, key: int) -> FrameNote:
    return FrameNote(start, end, LOWEST_PITCH + key, float(energy[start:end, key].mean()))


def _with_rises(onsets: Floats, energy: Floats) -> "npt.NDArray[np.float64]":
    """Beginnings as the network has them, or where energy rises, whichever is the surer.

    In the package's precision and order, or a peak could be one here and a tie there.
    """
    sounding = energy.astype(np.float64)
    steps = [sounding - np.pad(sounding, ((by, 0), (0, 0)))[: len(sounding)] for by in range(1, _RISE_FRAMES + 1)]
    rises = np.maximum(np.min(steps, axis=0), 0.0)
    rises[:_RISE_FRAMES] = 0.0
    most = rises.max()
    if most == 0.0:
        return onsets.astype(np.float64)
    found: npt.NDArray[np.float64] = np.maximum(onsets, onsets.max() * rises / most)
    return found


def _peaks(values: "npt.NDArray[np.float64]", threshold: float) -> "npt.NDArray[np.bool_]":
    """Where a value reaches the threshold and is above that before and that after it."""
    found = np.zeros(values.shape, dtype=bool)
    middle = values[1:-1]
    found[1:-1] = (middle > values[:-2]) & (middle > values[2:]) & (middle >= threshold)
    return found
