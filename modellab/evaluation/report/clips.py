"""Sound of a report: short stretches of recordings, small enough to be part of the page."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.bundle.audio import MEDIA_TYPE, as_mp3
from modellab.inputs.registered import RegisteredInput
from modellab.media.audio import Audio, Samples
from modellab.media.decode import MediaReader
from modellab.media.mixing import ChannelPowers, choose_mix

CLIP_S = 20.0
"""No clip is longer: 120 kB at most."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a recording as a page holds it."""

    start_s: float
    end_s: float
    source: str
    """`data:` address of an MP3."""


def clip(source: RegisteredInput, around_s: float | None) -> Clip:
    """At most `CLIP_S` of a recording, its channels mixed to one.

    Args:
        around_s: what is to be in its middle; None: its beginning.

    Raises:
        InputRefused: the recording can't be read.
    """
    start_s = 0.0
    if around_s is not None:
        start_s = max(0.0, min(around_s - CLIP_S / 2, source.duration_s - CLIP_S))
    with MediaReader(source.path, name=source.name) as reader:
        rate_hz, layout = reader.info.sample_rate_hz, reader.info.layout
        first, stop = round(start_s * rate_hz), round((start_s + CLIP_S) * rate_hz)
        samples = np.concatenate(list(_between(reader, first, stop)), axis=1)
    mix = choose_mix(ChannelPowers.of([samples], len(samples)), layout)
    mono = np.array(mix.weights, dtype=np.float32) @ samples
    encoded = as_mp3(Audio(mono[np.newaxis], rate_hz))
    data = f"data:{MEDIA_TYPE};base64,{base64.b64encode(encoded).decode()}"
    return Clip(start_s, start_s + samples.shape[1] / rate_hz, data)


def middle_of_most(stretches: Sequence[tuple[float, float, float]]) -> float | None:
    """Where most errors can be heard in one clip; None where none has a time.

    Args:
        stretches: start and end in seconds, and errors, of each.
    """

    def heard(start_s: float) -> float:
        return sum(errors for one, other, errors in stretches if start_s <= one and other <= start_s + CLIP_S)

    if not stretches:
        return None
    best_s = max((one for one, _, _ in stretches), key=heard)
    last_s = max((end for start, end, _ in stretches if start >= best_s and end <= best_s + CLIP_S), default=best_s)
    return (best_s + last_s) / 2


def _between(reader: MediaReader, first: int, stop: int) -> Iterator[Samples]:
    """Samples of a recording from one number to another; what lies behind is not decoded."""
    position = 0
    for block in reader.blocks():
        end = position + block.shape[1]
        if end > first:
            yield block[:, max(0, first - position) : max(0, stop - position)]
        if end >= stop:
            return
        position = end
