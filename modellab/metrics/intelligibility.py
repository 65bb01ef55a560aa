"""STOI and ESTOI, short-time objective intelligibility, by pystoi (Taal et al. 2011; Jensen and Taal 2016).

Unit: none, a correlation of short-time spectra: 1 is the clean speech, about 0 is nothing of it. Higher is better. What
it does not say: the share of words that listeners understand (another material needs another curve), how pleasant it
sounds, or anything above 5 kHz. It takes out no delay: some milliseconds lower it.
"""

import warnings

import numpy as np

from modellab.media.audio import Samples
from modellab.metrics.libraries import scorer_version
from modellab.metrics.mean import mean_metric
from modellab.metrics.piecewise import COUNTS, Measure, NothingToJudge
from modellab.metrics.sounds import PIECES

SCORER_VERSION = "1"
"""Raise it whenever the same sound would give another figure."""
_SHORTEST_S = 0.4
"""30 frames of 25.6 ms, each half over the one before, which pystoi asks for."""


def intelligibility(rate_hz: int, *, extended: bool = False) -> Measure:
    """STOI of sound at a rate; pystoi brings it to 10 kHz."""
    metric = mean_metric(
        name="estoi" if extended else "stoi",
        unit="correlation",
        better="higher",
        protocol=f"from {rate_hz // 1000} kHz, {PIECES}",
        version=scorer_version(SCORER_VERSION, "pystoi"),
        others=COUNTS,
    )

    def judge(clean: Samples, found: Samples) -> list[float]:
        return [stoi_of(clean, found, rate_hz, extended=extended)]

    return Measure((metric,), rate_hz, judge, ("pystoi",))


def stoi_of(clean: Samples, found: Samples, rate_hz: int, *, extended: bool = False) -> float:
    """STOI of one piece; pystoi's memory grows by some 2 MB a second of it.

    Raises:
        NothingToJudge: the clean sound has less than 0.4 s of speech.
    """
    from pystoi import stoi

    if len(clean) < _SHORTEST_S * rate_hz or not clean.any():
        raise NothingToJudge(f"the clean recording has less than {_SHORTEST_S} s of speech")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            # In 64 bits: pystoi's own noise floor is that of doubles.
            return float(stoi(clean.astype(np.float64), found.astype(np.float64), rate_hz, extended=extended))
        except RuntimeWarning as warning:
            if "Not enough STFT frames" not in str(warning):
                raise
            raise NothingToJudge(f"the clean recording has less than {_SHORTEST_S} s of speech") from warning
