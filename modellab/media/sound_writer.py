"""Writing sound files with libsndfile, and saying what the disk said where it refuses."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import soundfile


@contextmanager
def sound_writer(
    path: Path, channels: int, sample_rate_hz: int, subtype: str, container: Literal["FLAC", "W64"]
) -> Iterator[soundfile.SoundFile]:
    """A new sound file to write blocks of shape `(samples, channels)` to; closed, and whole, after the block.

    libsndfile says `System error` of a full disk, and nothing at all where the last bytes of a FLAC do not fit.

    Args:
        subtype: of a sample, in libsndfile's words, such as `PCM_16`.

    Raises:
        OSError: the disk refuses, with its number and the file's path.
        soundfile.LibsndfileError: the format can't hold it.
    """
    with _Disk(path) as disk:
        try:
            with soundfile.SoundFile(disk, "w", sample_rate_hz, channels, subtype, format=container) as file:
                yield file
        except Exception as error:  # soundfile asserts that all was written
            if disk.refusal:
                raise disk.refusal from error
            raise
        if disk.refusal:
            raise disk.refusal


class _Disk(io.FileIO):
    """A file that remembers why it did not take something: what a callback raises is lost in C."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._path = path
        self.refusal: OSError | None = None

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all, or as much as the disk takes."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.refusal = self.refusal or OSError(error.errno, error.strerror, str(self._path))
        return len(data) - len(rest)
