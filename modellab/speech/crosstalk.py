"""Recordings in which every channel is one speaker's: what leaks from one channel into another, and fake stereo.

A channel's speech is leaked where another channel is at least `bleed_db` louder, both levels being RMS over 0.2 s about
the moment. It takes no model of the line: an echo and crosstalk through a filter are found as well as a plain copy. It
can't tell a leak from a speaker who is that much quieter than the other and talks at the same time; one who is quiet,
but does not talk over the other, is kept.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Audio, Samples
from modellab.media.mixing import ChannelPowers
from modellab.surfaces.results import Segment

FRAME_S = 0.01
_WINDOW_FRAMES = 20
"""The level is that of 0.2 s: longer than a syllable, so that a pause between two does not count as silence."""
_SHORTEST_LEAK_FRAMES = 20
"""Less than 0.2 s of louder sound in another channel does not interrupt speech."""
_LEAST_POWER = 1e-12
"""-120 dBFS, for the logarithm of silence."""
_LEVEL_SLACK_DB = 1e-3
"""A copy exactly `bleed_db` quieter is a leak in every frame, whichever way a level's last digit was rounded."""
_BLOCK_SAMPLES = 1 << 16
_SAME_CORRELATION = 0.95
"""Channels that correlate more than this are the same sound; two voices are about 0."""

Levels = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def frame_levels(audio: Audio) -> Levels:
    """Level of each channel about each frame of 10 ms, dBFS, shape `(channels, frames)`."""
    per_frame = round(audio.sample_rate_hz * FRAME_S)
    frames = audio.samples.shape[1] // per_frame
    window = np.ones(_WINDOW_FRAMES) / _WINDOW_FRAMES

    def level(channel: Samples) -> Levels:
        power = np.square(channel[: frames * per_frame]).reshape(frames, per_frame).mean(axis=1, dtype=np.float64)
        smooth = np.convolve(power, window)[_WINDOW_FRAMES // 2 :][:frames]
        level_db: Levels = 10.0 * np.log10(np.maximum(smooth, _LEAST_POWER))
        return level_db

    return np.stack([level(channel) for channel in audio.samples])


def leaked_frames(levels: Levels, bleed_db: float) -> Flags:
    """Frames of each channel in which another one is at least `bleed_db` louder, shape `(channels, frames)`."""
    loudest = np.stack([np.delete(levels, channel, axis=0).max(axis=0) for channel in range(len(levels))])
    return loudest - levels >= bleed_db - _LEVEL_SLACK_DB


def own_speech(speech: Sequence[Segment], leaked: Flags, min_speech_s: float) -> list[Segment]:
    """A channel's speech without what leaked into it.

    Args:
        speech: disjoint segments in order.
        leaked: flags of the channel's frames, shape `(frames,)`.
        min_speech_s: what is left of a segment is dropped if it is shorter.
    """
    leaks = [
        Segment(first * FRAME_S, after * FRAME_S)
        for first, after in _runs(leaked)
        if after - first >= _SHORTEST_LEAK_FRAMES
    ]
    return [
        piece
        for segment in speech
        for piece in _without(segment, leaks)
        if piece == segment or piece.duration_s >= min_speech_s
    ]


def _runs(flags: Flags) -> Iterator[tuple[int, int]]:
    """First index and index after the last of each run of true flags."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _without(segment: Segment, leaks: Sequence[Segment]) -> Iterator[Segment]:
    """A segment's parts outside the leaks, which are disjoint and in order."""
    start_s = segment.start_s
    for leak in leaks:
        if leak.end_s <= start_s or leak.start_s >= segment.end_s:
            continue
        if leak.start_s > start_s:
            yield Segment(start_s, leak.start_s)
        start_s = leak.end_s
    if start_s < segment.end_s:
        yield Segment(start_s, segment.end_s)


def same_sound(audio: Audio, channels: Sequence[int], bleed_db: float) -> tuple[int, int, float] | None:
    """The first two channels that hold the same sound at about the same level, and their correlation; None if none do.

    A channel with nothing but a leak from another correlates with it too, but is at least `bleed_db` quieter.

    Args:
        channels: which to compare: those with speech of their own, since leaks of a third channel are the same as well.
    """
    length = audio.samples.shape[1]
    blocks = (audio.samples[:, start : start + _BLOCK_SAMPLES] for start in range(0, length, _BLOCK_SAMPLES))
    products = ChannelPowers.of(blocks, audio.channels).products
    power = np.diag(products)
    for one, other in combinations(channels, 2):
        if not (power[one] and power[other]):
            continue
        correlation = abs(products[one, other]) / np.sqrt(power[one] * power[other])
        apart_db = abs(10.0 * np.log10(power[one] / power[other]))
        if correlation >= _SAME_CORRELATION and apart_db < bleed_db - _LEVEL_SLACK_DB:
            return one, other, float(correlation)
    return None
