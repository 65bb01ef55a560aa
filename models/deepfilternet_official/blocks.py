"""A model that takes a stretch of audio at once, as a stream."""

from collections.abc import Callable

import numpy as np

from modellab.media.audio import Samples


class BlockStream:
    """Gives a model one block after the other, each with what is before and after it.

    All outputs together are exactly as long as all inputs. Memory is that of one block.

    Args:
        process: given samples of shape `(samples,)`, returns as many, each in its place.
        block_samples: samples that are answered at once.
        before_samples: heard before a block, so that what the model remembers has settled.
        after_samples: heard after it, so that the model can look ahead.
    """

    def __init__(
        self, process: Callable[[Samples], Samples], block_samples: int, before_samples: int, after_samples: int
    ) -> None:
        self._process = process
        self._block, self._before, self._after = block_samples, before_samples, after_samples
        self._heard = np.zeros(0, dtype=np.float32)
        self._answered = 0
        """Samples at the beginning of `_heard` that were answered already."""

    def push(self, samples: Samples) -> Samples:
        """Take in samples, shape `(samples,)`; gives what is known of the output."""
        self._heard = np.concatenate([self._heard, samples])
        parts = [np.zeros(0, dtype=np.float32)]
        while len(self._heard) - self._answered >= self._block + self._after:
            parts.append(self._answer(self._answered + self._block))
        return np.concatenate(parts)

    def finish(self) -> Samples:
        """The rest of the output. Call once."""
        return self._answer(len(self._heard)) if len(self._heard) > self._answered else np.zeros(0, dtype=np.float32)

    def _answer(self, end: int) -> Samples:
        """What comes of the samples up to there."""
        answer = self._process(self._heard[: end + self._after])[self._answered : end]
        forgotten = max(0, end - self._before)
        self._heard, self._answered = self._heard[forgotten:], end - forgotten
        return answer
