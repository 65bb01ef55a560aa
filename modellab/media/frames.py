"""Models that take audio frame by frame and answer late, as streams that answer in time."""

from collections.abc import Callable

import numpy as np

from modellab.media.audio import Samples


class FrameStream:
    """Cuts blocks of any length into frames, and takes the model's delay out of what comes back.

    All outputs together are exactly as long as all inputs, and sample for sample in their place.

    Args:
        process: given one or more frames, float32, contiguous, shape `(frames, frame_samples)`, returns theirs alike.
        frame_samples: samples in a frame.
        delay_samples: by how much the model's output is late.
    """

    def __init__(self, process: Callable[[Samples], Samples], frame_samples: int, delay_samples: int) -> None:
        self._process = process
        self._frame_samples = frame_samples
        self._waiting = np.zeros(0, dtype=np.float32)
        self._late = delay_samples
        """Samples still to be dropped."""
        self._owed = 0
        """Samples that came in and did not come out yet."""

    def push(self, samples: Samples) -> Samples:
        """Take in samples, shape `(samples,)`; gives what is known of the output."""
        self._owed += len(samples)
        return self._advance(samples)

    def finish(self) -> Samples:
        """The rest of the output. Call once."""
        wanted = self._owed + self._late if self._owed else 0
        whole = -(-wanted // self._frame_samples) * self._frame_samples
        return self._advance(np.zeros(whole - len(self._waiting), dtype=np.float32))

    def _advance(self, samples: Samples) -> Samples:
        waiting = np.concatenate([self._waiting, samples])
        usable = len(waiting) // self._frame_samples * self._frame_samples
        self._waiting = waiting[usable:]
        if not usable:
            return np.zeros(0, dtype=np.float32)
        frames = np.ascontiguousarray(waiting[:usable], dtype=np.float32).reshape(-1, self._frame_samples)
        output = self._process(frames).reshape(-1)
        dropped = min(self._late, len(output))
        self._late -= dropped
        given = output[dropped : dropped + self._owed]
        self._owed -= len(given)
        return given
