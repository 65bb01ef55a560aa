"""PESQ, perceptual evaluation of speech quality (ITU-T P.862), by the package pesq, which wraps the ITU's C code.

Unit: MOS-LQO, from about 1 to 4.64 (wide band, P.862.2) or 4.55 (narrow band, P.862.1). Higher is better. PESQ brings
both signals to one level and takes out delays by itself. What it does not say: whether words survive, how it sounds to
people without the clean recording beside it, or anything of music or of several people at once.
"""

from modellab.media.audio import Samples
from modellab.metrics.libraries import scorer_version
from modellab.metrics.mean import mean_metric
from modellab.metrics.piecewise import COUNTS, Measure, NotComputable, NothingToJudge
from modellab.metrics.sounds import PIECES

SCORER_VERSION = "1"
"""Raise it whenever the same sound would give another figure."""
_SHORTEST_S = 0.25
"""What the ITU's code asks for."""
BANDS = {8_000: "nb", 16_000: "wb"}
"""Sample rate -> the mode of that rate: narrow band, wide band."""


def speech_quality(rate_hz: int) -> Measure:
    """PESQ of sound at 16 kHz (wide band) or 8 kHz (narrow band)."""
    band = {"nb": "narrow band", "wb": "wide band"}[BANDS[rate_hz]]
    metric = mean_metric(
        name="pesq",
        unit="MOS",
        better="higher",
        protocol=f"{band}, {rate_hz // 1000} kHz, {PIECES}",
        version=scorer_version(SCORER_VERSION, "pesq"),
        others=COUNTS,
    )
    return Measure((metric,), rate_hz, lambda clean, found: [pesq_of(clean, found, rate_hz)], ("pesq",))


def pesq_of(clean: Samples, found: Samples, rate_hz: int) -> float:
    """PESQ of one piece, at most 15 s: the ITU's code writes over its own memory beyond 50 utterances.

    Raises:
        NothingToJudge: the clean sound holds no speech.
        NotComputable: the sound is too short, or what was found is silent.
    """
    from pesq import BufferTooShortError, NoUtterancesError, pesq

    if not found.any():
        raise NotComputable("it is silent where there is speech: PESQ is not defined")
    if not clean.any():
        raise NothingToJudge("the clean recording is silent")
    try:
        return float(pesq(rate_hz, clean, found, BANDS[rate_hz]))
    except BufferTooShortError as error:
        length_s = min(len(clean), len(found)) / rate_hz
        raise NotComputable(f"too short for PESQ: {length_s:.2f} s, of at least {_SHORTEST_S} s") from error
    except NoUtterancesError as error:
        raise NothingToJudge("PESQ finds no speech in the clean recording") from error
