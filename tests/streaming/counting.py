"""A recogniser whose words follow from how much it heard, so that every event of a stream can be foretold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modellab.errors import UsageError
from modellab.media.audio import Samples
from modellab.surfaces.results import Word
from modellab.surfaces.streams import Heard

RATE_HZ = 16_000
WORD = RATE_HZ // 4
"""Samples of each word."""


class Counting:
    """Hears a word in each quarter of a second, its number: unstable first, stable with the next.

    Args:
        ends_after: it says by itself that the speaker came to an end, after so many words.
        breaks_at: the call of a stream that raises, counted from 1 over `hear` and `end_segment`.
    """

    def __init__(self, ends_after: int | None = None, breaks_at: int | None = None) -> None:
        self.ends_after, self.breaks_at = ends_after, breaks_at
        self.finds_ends = ends_after is not None
        self.opened = self.closed = 0
        self.heard: list[list[Samples]] = []
        """Of each stream, what it was given."""

    def open_stream(self, parameters: Mapping[str, Any]) -> "CountingStream":
        if strange := set(parameters) - {"language"}:
            raise UsageError(f"no such parameters: {sorted(strange)}")
        self.opened += 1
        self.heard.append([])
        return CountingStream(self, self.heard[-1])

    @property
    def open(self) -> int:
        return self.opened - self.closed


class CountingStream:
    def __init__(self, model: Counting, given: list[Samples]) -> None:
        self._model, self._given = model, given
        self._samples = self._told = self._calls = self._in_segment = 0
        self._closed = False

    def _word(self, number: int) -> Word:
        return Word(str(number), (number - 1) * WORD / RATE_HZ, number * WORD / RATE_HZ)

    def _called(self) -> None:
        assert not self._closed, "called after close"
        self._calls += 1
        if self._calls == self._model.breaks_at:
            raise RuntimeError("the network is gone")

    def hear(self, samples: Samples) -> Sequence[Heard]:
        self._called()
        assert samples.dtype == np.float32 and samples.ndim == 1 and len(samples)
        self._given.append(samples.copy())
        self._samples += len(samples)
        said = []
        while self._told < self._samples // WORD:
            self._told += 1
            self._in_segment += 1
            before = [self._word(self._told - 1)] if self._in_segment > 1 else []
            ended = self._in_segment == self._model.ends_after
            said.append(Heard(before, [self._word(self._told)], ended))
            if ended:
                self._in_segment = 0
        return said

    def end_segment(self) -> Heard:
        self._called()
        rest = [self._word(self._told)] if self._in_segment else []
        self._in_segment = 0
        return Heard(rest)

    def close(self) -> None:
        assert not self._closed, "closed twice"
        self._closed = True
        self._model.closed += 1
