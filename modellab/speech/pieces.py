"""Speech packed into pieces of audio that a model hears at once, and the way back from their time to the audio's.

Needs no more than numpy, so that models in environments of their own can use it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.media.audio import Samples
from modellab.surfaces.results import Segment

Span = tuple[int, int]
"""First sample and the sample after the last."""

_QUIET_WINDOW_S = 0.1
_LATEST_CUT = 0.6
"""A span that is too long is cut at the quietest place in the last 40 % of what fits."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Spans of speech, in samples of the audio, joined end to end: what a model hears at once."""

    spans: tuple[Span, ...]
    sample_rate_hz: int

    @property
    def samples(self) -> int:
        return sum(end - start for start, end in self.spans)

    @property
    def duration_s(self) -> float:
        return self.samples / self.sample_rate_hz

    @property
    def around(self) -> Segment:
        """From its first to its last sample, in the audio's time."""
        return Segment(self.spans[0][0] / self.sample_rate_hz, self.spans[-1][1] / self.sample_rate_hz)

    def cut(self, audio: Samples) -> Samples:
        """The piece's audio, shape `(samples,)`; a view where the piece is one span."""
        parts = [audio[start:end] for start, end in self.spans]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def place(self, start_s: float, end_s: float) -> tuple[float, float, int]:
        """A word's time in the piece as time in the audio, and the number of the span it lies in.

        A word belongs to the span its middle falls into and is cut to it, so no word ever reaches into the silence
        that was left out between two spans.
        """
        middle = (start_s + end_s) / 2 * self.sample_rate_hz
        starts = self._starts()
        number = max(0, bisect_right(starts, middle) - 1)
        first, after = self.spans[number]
        shift = first - starts[number]

        def in_audio(time_s: float) -> float:
            return min(max(time_s * self.sample_rate_hz + shift, first), after) / self.sample_rate_hz

        return in_audio(start_s), in_audio(end_s), number

    def only(self, speech: Sequence[Segment]) -> "Piece":
        """The piece without what lies around the speech in it; as it is where there is none.

        Args:
            speech: in the audio's time, in order.
        """
        rate = self.sample_rate_hz
        spoken = [(round(segment.start_s * rate), round(segment.end_s * rate)) for segment in speech]
        cut = ((max(start, first), min(end, after)) for first, after in self.spans for start, end in spoken)
        spans = tuple((start, end) for start, end in cut if end > start)
        return Piece(spans, rate) if spans else self

    def part(self, start_s: float, end_s: float) -> "Piece":
        """What of it lies between two times in the piece, at least one sample."""
        rate = self.sample_rate_hz
        first = min(int(start_s * rate), self.samples - 1)
        after = max(first + 1, int(end_s * rate))
        cut = (
            (start + max(0, first - before), min(end, start + after - before))
            for (start, end), before in zip(self.spans, self._starts(), strict=True)
        )
        return Piece(tuple((start, end) for start, end in cut if end > start), rate)

    def _starts(self) -> list[int]:
        """Where each span begins in the piece."""
        lengths = [end - start for start, end in self.spans]
        return [sum(lengths[:index]) for index in range(len(lengths))]


def pack(
    audio: Samples, sample_rate_hz: int, speech: Sequence[Segment], *, pad_s: float, longest_s: float
) -> list[Piece]:
    """Speech as pieces of at most `longest_s`, in order, each as full as the next segment lets it be.

    Args:
        pad_s: audio kept around each segment, so that the edges of words are heard. Segments closer than twice that
            share the silence between them: in one piece they are one span, and a piece can end between them.
    """
    longest = int(longest_s * sample_rate_hz)
    pieces: list[Piece] = []
    spans: list[Span] = []
    room = longest
    for start, end in _cut_long(audio, sample_rate_hz, _padded(audio, sample_rate_hz, speech, pad_s), longest):
        if spans and end - start > room:
            pieces.append(Piece(tuple(spans), sample_rate_hz))
            spans, room = [], longest
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        room -= end - start
    if spans:
        pieces.append(Piece(tuple(spans), sample_rate_hz))
    return pieces


def _padded(audio: Samples, rate: int, speech: Sequence[Segment], pad_s: float) -> list[Span]:
    spans: list[Span] = []
    spoken_until = 0
    for segment in speech:
        start = max(0, int((segment.start_s - pad_s) * rate))
        end = min(len(audio), int((segment.end_s + pad_s) * rate))
        if spans and start < spans[-1][1]:
            start = max(spans[-1][0], (spoken_until + int(segment.start_s * rate)) // 2)
            spans[-1] = (spans[-1][0], start)
        if end > start:
            spans.append((start, end))
            spoken_until = int(segment.end_s * rate)
    return [(start, end) for start, end in spans if end > start]


def _cut_long(audio: Samples, rate: int, spans: Sequence[Span], longest: int) -> Iterator[Span]:
    for span in spans:
        start, end = span
        while end - start > longest:
            middle = quietest(audio, rate, start + int(longest * _LATEST_CUT), start + longest)
            yield start, middle
            start = middle
        yield start, end


def quietest(audio: Samples, rate: int, start: int, end: int) -> int:
    """Middle of the window of 0.1 s with the least energy between two samples."""
    window = int(_QUIET_WINDOW_S * rate)
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio[start:end], dtype=np.float64))])
    return start + int(np.argmin(energy[window:] - energy[:-window])) + window // 2
