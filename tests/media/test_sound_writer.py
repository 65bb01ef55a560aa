"""Sound files on a disk that fills: all of it, or an error that says so; never a file cut short."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile

from modellab.media.sound_writer import sound_writer

RATE_HZ = 16_000
ROOM = 64 << 10


def _write(path: Path, container: Literal["FLAC", "W64"], samples: np.ndarray) -> None:
    with sound_writer(path, 1, RATE_HZ, "PCM_16", container) as file:
        for start in range(0, len(samples), 3000):
            file.write(samples[start : start + 3000])


@pytest.mark.parametrize("container", ["FLAC", "W64"])
def test_what_does_not_fit_is_never_taken_for_written(
    container: Literal["FLAC", "W64"], tmp_path: Path, small_disk: Callable[[str], Path]
) -> None:
    """From a file that fits to one that lacks room for its last bytes, which libsndfile says nothing of, and beyond."""
    place = small_disk(f"size={ROOM}")
    noise = np.random.default_rng(0).integers(-32_768, 32_767, 40_000, dtype=np.int16)
    fitted = []
    for length in range(28_000, 36_001, 500):
        whole, path = tmp_path / "whole", place / "small"
        soundfile.write(whole, noise[:length], RATE_HZ, subtype="PCM_16", format=container)
        fits = whole.stat().st_size <= ROOM
        if fits:
            _write(path, container, noise[:length])
            assert path.read_bytes() == whole.read_bytes()
        else:
            with pytest.raises(OSError) as caught:
                _write(path, container, noise[:length])
            assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path)), length
        path.unlink()
        fitted.append(fits)
    assert fitted == sorted(fitted, reverse=True) and len(set(fitted)) == 2
