"""How many notes of music were found, by mir_eval (its `transcription` module, after MIREX).

Unit: ratio, F1 of notes that answer each other one to one. Higher is better. What it does not say: which voice or
instrument plays a note, how loud, or whether the wrong notes are heard as wrong (an octave counts like any other).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modellab.datasets.reference import ReferenceNote
from modellab.metrics.libraries import scorer_version
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same notes would give other counts."""
ONSET_S = 0.05
OFFSET_S, OFFSET_SHARE = 0.05, 0.2
"""An end may be off by 50 ms, or by a fifth of the note's length where that is more."""
_ONSET = f"onset within {ONSET_S * 1000:g} ms"
_OFFSET = f"offset within {OFFSET_S * 1000:g} ms or {OFFSET_SHARE * 100:g} % of the note"
_PITCH = "pitch within 50 cents"
PROTOCOLS = {
    "onset_f1": _ONSET,
    "offset_f1": _OFFSET,
    "note_f1": f"{_ONSET}, {_PITCH}",
    "note_with_offset_f1": f"{_ONSET}, {_PITCH}, {_OFFSET}",
}
"""Metric -> when a note found is the one that was played."""


def note_metric(name: str) -> Metric:
    """F1 of notes: twice those matched, over those played and those found.

    Components: `matched`, `played`, `found`: numbers of notes.
    """
    return Metric(
        name=name,
        unit="ratio",
        better="higher",
        protocol=PROTOCOLS[name],
        version=scorer_version(SCORER_VERSION, "mir_eval"),
        numerator={"matched": 2},
        denominator={"played": 1, "found": 1},
    )


def note_scores(played: Sequence[ReferenceNote], found: Sequence[ReferenceNote]) -> list[Score]:
    """Every F1 of `PROTOCOLS`."""
    from mir_eval import transcription

    error = _trouble(found)
    if error is not None:
        return [Score(note_metric(name), {}, error) for name in PROTOCOLS]
    true, true_hz = _arrays(played)
    guess, guess_hz = _arrays(found)
    pairs: dict[str, int] = dict.fromkeys(PROTOCOLS, 0)
    if len(played) and len(found):
        tolerance = {"offset_ratio": OFFSET_SHARE, "offset_min_tolerance": OFFSET_S}
        onset = {"onset_tolerance": ONSET_S}
        pairs = {
            "onset_f1": len(transcription.match_note_onsets(true, guess, **onset)),
            "offset_f1": len(transcription.match_note_offsets(true, guess, **tolerance)),
            "note_f1": len(transcription.match_notes(true, true_hz, guess, guess_hz, **onset, offset_ratio=None)),
            "note_with_offset_f1": len(transcription.match_notes(true, true_hz, guess, guess_hz, **onset, **tolerance)),
        }
    counts = {"played": len(played), "found": len(found)}
    return [Score(note_metric(name), {"matched": pairs[name], **counts}) for name in PROTOCOLS]


def _arrays(notes: Sequence[ReferenceNote]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Start and end of each note in seconds, and its frequency in Hz (MIDI note 69 is 440 Hz)."""
    spans = np.array([(note.start_s, note.end_s) for note in notes], dtype=np.float64).reshape(-1, 2)
    pitches = np.array([note.pitch for note in notes], dtype=np.float64)
    return spans, 440.0 * 2.0 ** ((pitches - 69) / 12)


def _trouble(notes: Sequence[ReferenceNote]) -> str | None:
    for note in notes:
        if not (np.isfinite([note.start_s, note.end_s]).all() and 0.0 <= note.start_s < note.end_s):
            return f"a note lasts from {note.start_s:g} to {note.end_s:g} s"
        if not 0 <= note.pitch <= 127:
            return f"a note has the pitch {note.pitch}, of 0 to 127"
    return None
