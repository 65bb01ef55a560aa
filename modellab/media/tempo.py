"""Faster or slower speech at the same pitch."""

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.filter import Graph

from modellab.media.audio import Audio, Samples

_BLOCK_SAMPLES = 1 << 16
_LAYOUTS = {1: "mono", 2: "stereo"}


def change_tempo(audio: Audio, factor: float) -> Audio:
    """Audio that takes `1 / factor` of its time, by overlap and add (WSOLA, libav's filter `atempo`).

    Its length is that to the sample. Inside, sounds are within 20 ms of where even stretching puts them: the method
    joins pieces where they fit together best.

    Args:
        audio: up to 64 channels; they are stretched alike.
        factor: 0.5 to 100.
    """
    length = max(1, round(audio.samples.shape[1] / factor))
    result = np.zeros((audio.channels, length), dtype=np.float32)
    filled = 0
    for block in _stretched(audio, factor):
        place = result[:, filled : filled + block.shape[1]]
        place[:] = block[:, : place.shape[1]]
        filled += place.shape[1]
    return Audio(result, audio.sample_rate_hz)


def _stretched(audio: Audio, factor: float) -> Iterator[Samples]:
    rate_hz = audio.sample_rate_hz
    layout = _LAYOUTS.get(audio.channels, f"{audio.channels}c")
    graph = Graph()
    source = graph.add(
        "abuffer", sample_rate=str(rate_hz), sample_fmt="flt", channel_layout=layout, time_base=f"1/{rate_hz}"
    )
    tempo, sink = graph.add("atempo", f"{factor:.9f}"), graph.add("abuffersink")
    source.link_to(tempo)
    tempo.link_to(sink)
    graph.configure()
    for start in range(0, audio.samples.shape[1], _BLOCK_SAMPLES):
        block = audio.samples[:, start : start + _BLOCK_SAMPLES]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T).reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.pts = rate_hz, start
        graph.push(frame)
        yield from _pulled(graph, audio.channels)
    graph.push(None)
    yield from _pulled(graph, audio.channels)


def _pulled(graph: Any, channels: int) -> Iterator[Samples]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame.to_ndarray().reshape(-1, channels).T
