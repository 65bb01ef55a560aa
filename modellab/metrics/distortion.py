"""SI-SDR, the scale-invariant signal-to-distortion ratio (Le Roux, Wisdom, Erdogan, Hershey: SDR - half-baked or well
done?, ICASSP 2019).

Unit: dB. Higher is better. The part of what was found that is the clean signal times a number, over all the rest. It
takes out no delay: a sample too late costs many dB. What it does not say: how it sounds. Noise that nobody hears
counts like noise that everybody hears, and a changed room or timbre counts as distortion.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples
from modellab.metrics.mean import mean_metric, mean_score
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same sound would give another figure."""
MOST_DB = 100.0
"""Beyond the rounding of 16 bits a figure says nothing, and a mean needs a number where the sound is the same."""


def si_sdr_metric(where: str) -> Metric:
    """SI-SDR under a protocol.

    Args:
        where: of what sound, such as `16 kHz, mono`.
    """
    return mean_metric(
        name="si_sdr",
        unit="dB",
        better="higher",
        protocol=f"{where}, whole recording, mean kept, within {MOST_DB:g} dB",
        version=SCORER_VERSION,
        others=("seconds",),
    )


@dataclass(slots=True)
class SiSdr:
    """SI-SDR of sound that comes block by block: three sums are all it takes.

    With s the clean signal and x the one found, a = <x, s> / <s, s>: 10 log10 (|a s|^2 / |x - a s|^2), and
    |x - a s|^2 = <x, x> - <x, s>^2 / <s, s>.
    """

    clean: float = 0.0
    """<s, s>."""
    found: float = 0.0
    """<x, x>."""
    both: float = 0.0
    """<x, s>."""
    samples: int = 0

    def add(self, clean: npt.NDArray[np.floating], found: npt.NDArray[np.floating]) -> None:
        """Take in a block of both, of one length."""
        s, x = clean.astype(np.float64), found.astype(np.float64)
        self.clean += float(s @ s)
        self.found += float(x @ x)
        self.both += float(x @ s)
        self.samples += len(s)

    @property
    def error(self) -> str | None:
        """Why there is no ratio."""
        if not math.isfinite(self.found):
            return "it holds samples that are no numbers"
        if not self.clean:
            return "the clean recording is silent"
        return None if self.found else "it is silent"

    @property
    def value_db(self) -> float:
        """The ratio, within 100 dB; to be asked for where there is no error."""
        target = self.both * self.both / self.clean
        distortion = max(self.found - target, 0.0)
        if not distortion:
            return MOST_DB
        ratio = target / distortion
        return max(-MOST_DB, min(MOST_DB, 10 * math.log10(ratio))) if ratio else -MOST_DB

    def score(self, metric: Metric, rate_hz: int) -> Score:
        """The ratio as a score of `si_sdr_metric`."""
        if self.error is not None:
            return Score(metric, {}, self.error)
        return mean_score(metric, self.value_db, {"seconds": self.samples / rate_hz})


def si_sdr(clean: Samples, found: Samples, rate_hz: int, where: str) -> Score:
    """SI-SDR of samples in memory, of one length.

    Args:
        where: as for `si_sdr_metric`.
    """
    sums = SiSdr()
    sums.add(clean, found)
    return sums.score(si_sdr_metric(where), rate_hz)
