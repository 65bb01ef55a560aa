"""Media files made on the spot, so that what is in them is known exactly."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from modellab.media.audio import Samples

Encode = Callable[..., Path]


@pytest.fixture
def tone() -> Callable[..., Samples]:
    """A sine, float32, shape `(samples,)`."""

    def make(seconds: float, rate_hz: int = 16_000, hz: float = 440.0, amplitude: float = 0.5) -> Samples:
        times = np.arange(round(seconds * rate_hz)) / rate_hz
        return (amplitude * np.sin(2 * np.pi * hz * times)).astype(np.float32)

    return make


@pytest.fixture
def encode(tmp_path: Path) -> Encode:
    """Encode streams of samples, shape `(channels, samples)`, with libav; gives the file's path."""

    def make(
        name: str,
        streams: Sequence[Samples],
        *,
        codec: str,
        rate_hz: int = 16_000,
        layout: str = "mono",
        first_pts: Sequence[int] = (),
        cut: tuple[int, int] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Path:
        """`first_pts`: where each stream begins, in samples. `cut`: packets that begin in there are left out."""
        path = tmp_path / name
        with av.open(path, "w") as container:
            container.metadata.update(tags or {})
            added = [container.add_stream(codec, rate=rate_hz, layout=layout) for _ in streams]
            for index, (stream, samples) in enumerate(zip(added, streams, strict=True)):
                begin = first_pts[index] if first_pts else 0
                resampler = av.AudioResampler(stream.format, layout, rate_hz, frame_size=stream.frame_size or 1_000)
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
                frame.sample_rate, frame.pts = rate_hz, begin
                frames = [*resampler.resample(frame), *resampler.resample(None), None]
                for packet in [packet for each in frames for packet in stream.encode(each)]:
                    at = float(packet.pts * packet.time_base) * rate_hz
                    if cut is None or not cut[0] <= at < cut[1]:
                        container.mux(packet)
        return path

    return make
