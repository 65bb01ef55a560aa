"""How several channels become one.

1. Channels that libav names are weighted as ITU-R BS.775 mixes 3/2 sound to mono: centre 1, left and right 0.7071,
   surround 0.5, low-frequency effects 0. Stereo, and channels without a name, count equally.
2. A channel more than 60 dB below the loudest holds nothing to hear and gets no weight, so that a recorder with one
   microphone plugged in does not lose half its level.
3. The weights are scaled to a sum of 1: the mix never exceeds what its channels reach.
4. If that mix has less than a tenth of the power that unrelated channels would leave, the channels cancel (opposite
   phase, say). Then the loudest channel is used alone, the first of those that are equally loud.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples
from modellab.media.decode import UNNAMED_CHANNEL
from modellab.ties import first_largest

_NAMED_WEIGHTS = {"FC": 1.0, "FL": 2**-0.5, "FR": 2**-0.5, "LFE": 0.0, "LFE2": 0.0}
_SURROUND_WEIGHT = 0.5
_SILENT_POWER_RATIO = 1e-6
_CANCELLED_POWER_RATIO = 0.1
_SAME_POWER_RATIO = 1e-3
"""Powers that differ by less (0.004 dB) are the same: the products are summed in single precision."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights of the channels in a mono mix."""

    weights: tuple[float, ...]
    note: str | None = None
    """Why it is not the plain mix, if it is not."""


class ChannelPowers:
    """Sums of the products of every two channels, gathered block by block: all that choosing a mix needs."""

    def __init__(self, channels: int) -> None:
        self.products: npt.NDArray[np.float64] = np.zeros((channels, channels))

    def add(self, block: Samples) -> None:
        """Take in a block of shape `(channels, samples)`."""
        self.products += block @ block.T

    @classmethod
    def of(cls, blocks: Iterable[Samples], channels: int) -> "ChannelPowers":
        powers = cls(channels)
        for block in blocks:
            powers.add(block)
        return powers


def choose_mix(powers: ChannelPowers, layout: tuple[str, ...]) -> Mix:
    """The mono mix for channels of these powers and names, by the rules above."""
    products = powers.products
    power = np.diag(products)
    named = np.array(
        [1.0 if name == UNNAMED_CHANNEL else _NAMED_WEIGHTS.get(name, _SURROUND_WEIGHT) for name in layout]
    )
    candidates = named > 0.0 if named.any() else np.ones(len(layout), dtype=bool)
    slack = float(power[candidates].max()) * _SAME_POWER_RATIO
    loudest = first_largest(np.where(candidates, power, -np.inf), slack)
    audible = candidates & (power >= power[loudest] * _SILENT_POWER_RATIO * (1 - _SAME_POWER_RATIO))
    weights = np.where(audible, np.where(named > 0.0, named, 1.0), 0.0)
    weights = weights / weights.sum()
    if weights @ products @ weights < _CANCELLED_POWER_RATIO * (weights**2 @ power):
        alone = tuple(float(channel == loudest) for channel in range(len(layout)))
        return Mix(alone, f"the channels cancel each other; channel {loudest + 1} is used alone")
    silent = np.flatnonzero(candidates & ~audible)
    note = (
        f"channel {', '.join(str(channel + 1) for channel in silent)} is silent and left out" if len(silent) else None
    )
    return Mix(tuple(float(weight) for weight in weights), note)
