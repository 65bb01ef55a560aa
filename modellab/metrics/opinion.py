"""DNSMOS P.835: a network's guess at how listeners would rate speech and background, by speechmos (Reddy et al. 2022).

Unit: MOS, 1 to 5. Higher is better. `dnsmos_sig` is of the speech alone, `dnsmos_bak` of the background alone (5: none
is heard), `dnsmos_ovrl` of the whole. It knows no clean recording, so it needs none. What it does not say: whether the
words are still those that were said. It was trained on denoised English speech; of music, of other languages and of
synthetic voices it says less.
"""

import numpy as np

from modellab.media.audio import Samples
from modellab.metrics.libraries import scorer_version
from modellab.metrics.mean import mean_metric
from modellab.metrics.piecewise import COUNTS, Measure, NotComputable
from modellab.metrics.sounds import PIECES

SCORER_VERSION = "1"
"""Raise it whenever the same sound would give another figure."""
RATE_HZ = 16_000
NAMES = ("dnsmos_ovrl", "dnsmos_sig", "dnsmos_bak")


def opinion(source_rate_hz: int = RATE_HZ) -> Measure:
    """DNSMOS of sound brought to 16 kHz; what was recorded at less is a class of its own."""
    raised = "" if source_rate_hz >= RATE_HZ else f" from {source_rate_hz // 1000} kHz"
    metrics = tuple(
        mean_metric(
            name=name,
            unit="MOS",
            better="higher",
            protocol=f"P.835, 16 kHz{raised}, {PIECES}",
            version=scorer_version(SCORER_VERSION, "speechmos"),
            others=COUNTS,
        )
        for name in NAMES
    )
    return Measure(metrics, RATE_HZ, lambda _, found: dnsmos_of(found), ("speechmos", "librosa"))


def dnsmos_of(found: Samples) -> list[float]:
    """Overall, speech and background of one piece at 16 kHz; speechmos repeats what is shorter than 9.01 s.

    Raises:
        NotComputable: there is no sample.
    """
    from speechmos import dnsmos

    if not len(found):
        raise NotComputable("it holds no sound")
    # Resampling overshoots, and speechmos refuses what is beyond full scale.
    opinion = dnsmos.run(np.clip(found, -1.0, 1.0), RATE_HZ)
    return [float(opinion[part]) for part in ("ovrl_mos", "sig_mos", "bak_mos")]
