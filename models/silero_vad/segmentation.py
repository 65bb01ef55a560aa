"""From a probability per frame to spans of speech.

The rule of `silero_vad.get_speech_timestamps` (snakers4/silero-vad, src/silero_vad/utils_vad.py) for speech of any
length, without its torch: a test compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_HYSTERESIS = 0.15
"""Speech goes on until the probability falls this far below the threshold."""
_LEAST_EXIT_THRESHOLD = 0.01


@dataclass(frozen=True, slots=True)
class SegmentationOptions:
    """When probabilities count as speech."""

    threshold: float
    """Probability from which a frame begins speech."""
    min_speech_ms: int
    """Shorter speech is dropped."""
    min_silence_ms: int
    """Shorter silence does not end speech."""
    speech_pad_ms: int
    """Added at both ends of speech; two neighbours share the silence between them where it is too short."""


def speech_spans(
    probabilities: Sequence[float],
    frame_samples: int,
    total_samples: int,
    sample_rate_hz: int,
    options: SegmentationOptions,
) -> list[tuple[int, int]]:
    """Spans `(first sample, sample after the last)` of speech, disjoint and in order.

    Args:
        probabilities: one for each frame.
        frame_samples: samples in a frame.
        total_samples: length of the recording; the last frame may reach beyond it.
    """
    per_ms = sample_rate_hz / 1000
    found = _triggered(probabilities, frame_samples, total_samples, options.min_silence_ms * per_ms, options.threshold)
    long_enough = [(start, end) for start, end in found if end - start > options.min_speech_ms * per_ms]
    return _padded(long_enough, total_samples, int(options.speech_pad_ms * per_ms))


def _triggered(
    probabilities: Sequence[float], frame_samples: int, total_samples: int, min_silence: float, threshold: float
) -> list[tuple[int, int]]:
    """Spans from where the threshold is reached to where the probability falls below the exit threshold for long."""
    exit_threshold = max(threshold - _HYSTERESIS, _LEAST_EXIT_THRESHOLD)
    spans: list[tuple[int, int]] = []
    start: int | None = None
    silence: int | None = None
    for index, probability in enumerate(probabilities):
        position = index * frame_samples
        if probability >= threshold:
            silence = None
            start = position if start is None else start
        elif probability < exit_threshold and start is not None:
            silence = position if silence is None else silence
            if position - silence >= min_silence:
                spans.append((start, silence))
                start = silence = None
    if start is not None:
        spans.append((start, total_samples))
    return spans


def _padded(spans: list[tuple[int, int]], total_samples: int, pad: int) -> list[tuple[int, int]]:
    padded: list[tuple[int, int]] = []
    for index, (start, end) in enumerate(spans):
        before = spans[index - 1][1] if index else -2 * pad
        after = spans[index + 1][0] if index + 1 < len(spans) else total_samples + 2 * pad
        left = min(pad, (start - before) // 2)
        right = min(pad, (after - end) // 2)
        padded.append((max(0, start - left), min(total_samples, end + right)))
    return padded
