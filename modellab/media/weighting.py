"""K-weighting after ITU-R BS.1770, sample by sample: a high shelf for the head, and a high-pass.

pyloudnorm's filters, and SciPy's arithmetic, both bit for bit, so that figures and the names of results stay what they
were (tests compare them): importing `scipy.signal` brings `scipy.stats` and takes a second and more, which every run
would pay. The second-order filters are libavfilter's, which is here already for decoding.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples

Floats = npt.NDArray[np.float64]
_SHELF_DB, _SHELF_Q, _SHELF_HZ = 4.0, 1 / np.sqrt(2), 1500.0
_HIGH_PASS_Q, _HIGH_PASS_HZ = 0.5, 38.0
_NAMES = ("b0", "b1", "b2", "a0", "a1", "a2")
"""How libavfilter calls the coefficients."""


class KWeighting:
    """Weights one channel, which comes in blocks of any length.

    Args:
        sample_rate_hz: of the channel.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        from av.filter import Graph

        self._rate_hz = sample_rate_hz
        self._graph = Graph()
        self._graph.threads = 1  # or each would start one for every processor
        last = self._graph.add(
            "abuffer", f"sample_rate={sample_rate_hz}:sample_fmt=dblp:channel_layout=mono:time_base=1/{sample_rate_hz}"
        )
        for coefficients in (high_shelf(sample_rate_hz), high_pass(sample_rate_hz)):
            given = ":".join(f"{name}={value!r}" for name, value in zip(_NAMES, coefficients, strict=True))
            biquad = self._graph.add("biquad", f"{given}:transform=tdii:precision=f64")
            last.link_to(biquad)
            last = biquad
        sink = self._graph.add("abuffersink")
        last.link_to(sink)
        self._graph.configure()

    def weighted(self, block: Samples) -> Floats:
        """The next samples, shape `(n,)` with `n` above 0, weighted."""
        import av

        frame = av.AudioFrame.from_ndarray(block[np.newaxis].astype(np.float64), format="dblp", layout="mono")
        frame.sample_rate = self._rate_hz
        self._graph.push(frame)
        weighted: Floats = self._graph.pull().to_ndarray()[0]
        if len(weighted) != len(block):
            raise RuntimeError(f"libavfilter gave {len(weighted)} of {len(block)} samples")
        return weighted


def high_shelf(sample_rate_hz: int) -> Sequence[float]:
    """Coefficients b0 to a2 of the shelf, divided by a0 (R. Bristow-Johnson, Audio EQ Cookbook, `highShelf`)."""
    amplitude = 10 ** (_SHELF_DB / 40.0)
    cosine, alpha = _turn(_SHELF_HZ, _SHELF_Q, sample_rate_hz)
    above, below, width = amplitude + 1, amplitude - 1, 2 * np.sqrt(amplitude) * alpha
    return _normalized(
        [
            amplitude * (above + below * cosine + width),
            -2 * amplitude * (below + above * cosine),
            amplitude * (above + below * cosine - width),
        ],
        [above - below * cosine + width, 2 * (below - above * cosine), above - below * cosine - width],
    )


def high_pass(sample_rate_hz: int) -> Sequence[float]:
    """Coefficients b0 to a2 of the high-pass, divided by a0 (as above, `HPF`)."""
    cosine, alpha = _turn(_HIGH_PASS_HZ, _HIGH_PASS_Q, sample_rate_hz)
    return _normalized([(1 + cosine) / 2, -(1 + cosine), (1 + cosine) / 2], [1 + alpha, -2 * cosine, 1 - alpha])


def _turn(hertz: float, quality: float, sample_rate_hz: int) -> tuple[np.float64, np.float64]:
    """The cookbook's cos w0 and alpha."""
    angle = 2.0 * np.pi * (hertz / sample_rate_hz)
    return np.cos(angle), np.sin(angle) / (2.0 * quality)


def _normalized(numerator: Sequence[float], denominator: Sequence[float]) -> list[float]:
    return [float(value / denominator[0]) for value in (*numerator, *denominator)]
