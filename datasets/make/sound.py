"""Sound as the sets keep it: mono, 16 kHz, float64 in [-1, 1] while it is worked on, FLAC of few bits in the end."""

import hashlib
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 16_000
LEVEL_DB = -26.0
"""Of speech, root mean square relative to full scale: the active level that ITU-T P.56 tests use."""
BITS = 11
"""Samples are multiples of 2 ** (16 - BITS): 50 dB below speech at LEVEL_DB, and half the bytes of all sixteen."""
EDGE_S = 0.2
"""Of silence, before and after what is said in a file of speech."""
_STEP = 2 ** (16 - BITS)

Sound = NDArray[np.float64]
"""Samples, float64."""


def samples_in(seconds: float) -> int:
    """Number of samples in a time."""
    return round(seconds * RATE_HZ)


def seconds_of(sound: Sound) -> float:
    """Length in seconds."""
    return len(sound) / RATE_HZ


def level_of(sound: Sound) -> float:
    """Root mean square in dB relative to full scale."""
    return float(10 * np.log10(np.mean(np.square(sound))))


def at_level(sound: Sound, level_db: float = LEVEL_DB) -> Sound:
    """The sound with its root mean square at a level relative to full scale."""
    return sound * 10 ** ((level_db - level_of(sound)) / 20)


def kept(sound: Sound) -> Sound:
    """The sound as a file keeps it: what lies between two of its steps goes to the nearer one.

    Raises:
        ValueError: it goes over full scale.
    """
    if np.abs(sound).max(initial=0.0) >= 1.0:
        raise ValueError(f"a sound peaks at {np.abs(sound).max():.3f} of full scale")
    return np.round(sound * (32768 / _STEP)) * (_STEP / 32768)


def write(path: Path, sound: Sound) -> None:
    """Write 16-bit FLAC of the sound, as `kept` has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, (kept(sound) * 32768).astype(np.int16), RATE_HZ, format="FLAC", compression_level=1.0)


def read(path: Path) -> Sound:
    """Read a file that `write` has written."""
    found, rate = soundfile.read(path, dtype="float64")
    if rate != RATE_HZ:
        raise ValueError(f"{path} has {rate} Hz, not {RATE_HZ}")
    return np.asarray(found, dtype=np.float64)


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def without_edges(sound: Sound, floor_db: float = -50.0, window_s: float = 0.01) -> Sound:
    """The sound from the first to the last window whose level is above a floor, relative to the loudest window."""
    size = samples_in(window_s)
    windows = sound[: len(sound) // size * size].reshape(-1, size)
    powers = np.square(windows).mean(axis=1)
    loud = np.flatnonzero(powers > powers.max() * 10 ** (floor_db / 10))
    return sound[loud[0] * size : (loud[-1] + 1) * size]


def with_edges(sound: Sound) -> Sound:
    """The sound between two edges of silence."""
    return np.pad(sound, samples_in(EDGE_S))


def stretches(sound: Sound, floor_db: float = -35.0, shortest_gap_s: float = 0.3) -> list[tuple[float, float]]:
    """Where a clean recording has speech, in seconds: 10 ms windows above a floor relative to the loudest one.

    Gaps shorter than `shortest_gap_s` belong to the speech: stops and short breaths.
    """
    size = samples_in(0.01)
    powers = np.square(sound[: len(sound) // size * size].reshape(-1, size)).mean(axis=1)
    found: list[tuple[float, float]] = []
    for window in np.flatnonzero(powers > powers.max() * 10 ** (floor_db / 10)).tolist():
        start, end = window / 100, (window + 1) / 100
        if found and start - found[-1][1] < shortest_gap_s:
            start = found.pop()[0]
        found.append((start, end))
    return found
