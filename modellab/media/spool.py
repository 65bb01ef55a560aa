"""Audio on disk while it is made: hours of it take a file's space and no memory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from modellab.media.audio import Audio, Samples


class Spool:
    """Samples written block by block and read again as often as needed. A context manager.

    The file has no name (on systems that can do that): nobody sees it, and of a killed process nothing stays.

    Args:
        folder: on whose disk it is.
        channels: of every block.
        sample_rate_hz: of the audio.
    """

    BYTES_PER_SAMPLE = 4

    def __init__(self, folder: Path, channels: int, sample_rate_hz: int) -> None:
        self.channels, self.sample_rate_hz = channels, sample_rate_hz
        self.length = 0
        """Samples per channel."""
        self.peak = 0.0
        """Largest absolute sample."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `__exit__`

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def duration_s(self) -> float:
        return self.length / self.sample_rate_hz

    def append(self, block: Samples) -> None:
        """Add samples of shape `(channels, samples)`."""
        if not block.shape[1]:
            return
        self._file.write(np.ascontiguousarray(block.T, dtype=np.float32).data)
        self.length += block.shape[1]
        self.peak = max(self.peak, float(block.max()), -float(block.min()))

    def blocks(self, samples: int) -> Iterator[Samples]:
        """The audio from its beginning, in blocks of so many samples; the last one may be shorter."""
        self._file.seek(0)
        while data := self._file.read(samples * self.channels * self.BYTES_PER_SAMPLE):
            frames = np.frombuffer(data, dtype=np.float32).reshape(-1, self.channels)
            yield np.ascontiguousarray(frames.T)
        self._file.seek(0, 2)

    def load(self) -> Audio:
        """All of it in memory."""
        audio = np.empty((self.channels, self.length), dtype=np.float32)
        filled = 0
        for block in self.blocks(1 << 18):
            audio[:, filled : filled + block.shape[1]] = block
            filled += block.shape[1]
        return Audio(audio, self.sample_rate_hz)
