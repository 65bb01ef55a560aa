"""Health of synthesised speech: what can be wrong with it before anybody judges how it sounds.

Ratios of samples or seconds; lower is better. What they do not say: whether it is good speech. All that is bad here is
bad; what is fine here may be noise.
"""

from dataclasses import dataclass

import numpy as np

from modellab.media.audio import Waveform
from modellab.metrics.score import Metric, Score

SCORER_VERSION = "1"
"""Raise it whenever the same sound would give other figures."""
FULL_SCALE = 0.999
"""A sample at or beyond this is clipped, as ingest counts it."""
_FRAME_S = 0.02
_SILENT_DBFS = -60.0
SLOWEST_S, FASTEST_S = 0.25, 0.03
"""Seconds of sound for a letter or digit. Read English takes some 0.07; a sign of Chinese is a syllable, some 0.2."""


def clipping() -> Metric:
    """Share of samples at full scale. Components: `clipped_samples` over `samples`."""
    return _ratio("clipped_share", f"at or beyond {FULL_SCALE:g} of full scale", "clipped_samples", "samples")


def silence() -> Metric:
    """Share of time without sound. Components: `silent_s` over `sound_s`, its whole length."""
    return _ratio("silence_share", f"frames of 20 ms below {_SILENT_DBFS:g} dBFS", "silent_s", "sound_s")


def no_numbers() -> Metric:
    """Share of samples that are NaN or infinite. Components: `odd_samples` over `samples`."""
    return _ratio("non_finite_share", "", "odd_samples", "samples")


def implausible_length() -> Metric:
    """Share of recordings whose length can't be that of their text.

    Components: `implausible`, 1 or 0, over `cases`; `sound_s` and `letters`, the letters and digits of the text.
    """
    return Metric(
        name="implausible_length",
        unit="ratio",
        better="lower",
        protocol=f"{FASTEST_S:g} to {SLOWEST_S:g} s a letter or digit, and a second more",
        version=SCORER_VERSION,
        numerator={"implausible": 1},
        denominator={"cases": 1},
        others=("sound_s", "letters"),
    )


def letters_of(text: str) -> int:
    """Letters and digits of a text."""
    return sum(character.isalnum() for character in text)


def plausible_s(text: str) -> tuple[float, float]:
    """Seconds that a text takes at least and at most when it is said; the least may be below 0."""
    letters = letters_of(text)
    return letters * FASTEST_S - 1.0, letters * SLOWEST_S + 1.0


@dataclass(frozen=True, slots=True)
class AsMade:
    """What was counted in a sound when it was made, where keeping it took that out of it."""

    clipped_samples: int
    odd_samples: int
    """NaN or infinite."""


def health(text: str, sound: Waveform, made: AsMade | None = None) -> list[Score]:
    """All figures of this module of what a voice made of a text.

    Args:
        made: left out: the sound is as the voice made it.
    """
    samples, length = sound.samples, len(sound.samples)
    if not length:
        metrics = (clipping(), silence(), no_numbers(), implausible_length())
        return [Score(metric, {}, "it holds no sound") for metric in metrics]
    finite = np.isfinite(samples)
    clean = np.where(finite, samples, 0.0)
    made = made or AsMade(int((np.abs(clean) >= FULL_SCALE).sum()), int((~finite).sum()))
    letters = letters_of(text)
    shortest_s, longest_s = plausible_s(text)
    plausible = shortest_s <= sound.duration_s <= longest_s
    return [
        Score(clipping(), {"clipped_samples": made.clipped_samples, "samples": length}),
        Score(silence(), {"silent_s": _silent_s(clean, sound.sample_rate_hz), "sound_s": sound.duration_s}),
        Score(no_numbers(), {"odd_samples": made.odd_samples, "samples": length}),
        Score(
            implausible_length(),
            {"implausible": float(not plausible), "cases": 1, "sound_s": sound.duration_s, "letters": letters},
        ),
    ]


def real_time_factor(processing_s: float, sound_s: float, protocol: str) -> Score:
    """Seconds of work for a second of sound.

    Components: `processing_s` over `sound_s`.

    Args:
        protocol: all that two figures must share: device, CPU, threads, batch, compute type, cold or warm.
    """
    metric = Metric(
        name="rtf",
        unit="s/s",
        better="lower",
        protocol=protocol,
        version=SCORER_VERSION,
        numerator={"processing_s": 1},
        denominator={"sound_s": 1},
    )
    if not sound_s:
        return Score(metric, {}, "it holds no sound")
    return Score(metric, {"processing_s": processing_s, "sound_s": sound_s})


def _ratio(name: str, protocol: str, above: str, below: str) -> Metric:
    return Metric(
        name=name,
        unit="ratio",
        better="lower",
        protocol=protocol,
        version=SCORER_VERSION,
        numerator={above: 1},
        denominator={below: 1},
    )


def _silent_s(samples: np.ndarray[tuple[int, ...], np.dtype[np.floating]], rate_hz: int) -> float:
    """Seconds of 20 ms frames, the last of which may be shorter, whose power is below the limit."""
    frame = max(1, round(_FRAME_S * rate_hz))
    starts = np.arange(0, len(samples), frame)
    lengths = np.diff(np.append(starts, len(samples)))
    powers = np.add.reduceat(np.square(samples, dtype=np.float64), starts) / lengths
    return float(lengths[powers < 10 ** (_SILENT_DBFS / 10)].sum()) / rate_hz
