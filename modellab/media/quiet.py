"""Recordings so quiet that models take their speech for noise: how quiet they are, and louder copies of them."""

from dataclasses import dataclass

import numpy as np

from modellab.media.audio import Samples
from modellab.media.levels import SILENT_PEAK
from modellab.media.loudness import sustained_loudness_lufs

QUIET_LUFS = -42.0
"""Below this, in the loudest 300 ms, Silero VAD begins to lose speech: half of it some 15 dB lower, all 25 dB lower."""
_TARGET_LUFS = -23.0
"""Where broadcasters put speech (EBU R 128), and models find it."""
_MOST_GAIN_DB = 60.0


@dataclass(frozen=True, slots=True)
class Audible:
    """Audio as loud as models need it."""

    samples: Samples
    level_lufs: float | None
    """How loud the audio was where it is loudest; None for silence."""
    raised_db: float
    """How much louder it is now; 0 where it was loud enough."""


def audible(samples: Samples, sample_rate_hz: int) -> Audible:
    """One channel as it is, or raised where it is very quiet.

    A knock does not make quiet speech loud: the level is one that lasts, and what the gain takes beyond full scale is
    clipped. Only for models that look for speech: words and pictures come from the audio itself.

    Args:
        samples: shape `(samples,)`; not changed.
    """
    level_lufs = sustained_loudness_lufs(samples, sample_rate_hz)
    if level_lufs is None or level_lufs >= QUIET_LUFS or float(np.abs(samples).max(initial=0.0)) <= SILENT_PEAK:
        return Audible(samples, level_lufs, 0.0)
    gain_db = min(_TARGET_LUFS - level_lufs, _MOST_GAIN_DB)
    return Audible(np.clip(samples * np.float32(10 ** (gain_db / 20)), -1.0, 1.0), level_lufs, gain_db)
