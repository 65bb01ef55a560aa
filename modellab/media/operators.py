"""Preprocessing operators: what ingest can do to audio after decoding. Each takes audio and its time map to others.

Adding one means a parameter schema, a function, and a line in `OPERATORS`. What needs a model is no operator: noise and
reverberation are the step enhance's, whose model has a slot, an identity and timings of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from modellab.errors import StepFailed
from modellab.media import filters
from modellab.media.audio import Audio, TimeMap
from modellab.media.levels import SILENT_PEAK, decibels, frame_powers
from modellab.media.loudness import integrated_loudness_lufs
from modellab.media.tempo import change_tempo
from modellab.names import unknown_name

_FRAME_S = 0.01


class OperatorParameters(BaseModel):
    """Base of an operator's parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Processed:
    """What an operator gives."""

    audio: Audio
    time_map: TimeMap
    facts: Mapping[str, int | float | str]
    """What it did, in figures, for the user."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A preprocessing operator. `apply` may change the samples it is given in place: nobody else holds them."""

    name: str
    description: str
    parameters: type[OperatorParameters]
    apply: Callable[[Audio, TimeMap, Any], Processed]


class TrimSilenceParameters(OperatorParameters):
    """Parameters of `trim_silence`."""

    max_silence_s: float = Field(2.0, gt=0, description="silences longer than this are shortened")
    keep_s: float = Field(1.0, ge=0.1, description="what is left of such a silence, half at each side")
    below_loudness_db: float = Field(
        35.0, gt=0, description="10 ms count as silent when this much below the recording's loudness"
    )

    def model_post_init(self, context: object) -> None:
        if self.keep_s > self.max_silence_s:
            raise ValueError("keep_s must not be longer than max_silence_s")


class NormalizeLoudnessParameters(OperatorParameters):
    """Parameters of `normalize_loudness`."""

    target_lufs: float = Field(-23.0, ge=-60, le=0, description="integrated loudness wanted (BS.1770)")
    max_peak_dbfs: float = Field(-1.0, le=0, description="the gain is held back so that no sample goes beyond this")
    max_gain_db: float = Field(60.0, ge=0, description="no more gain than this, so that noise is not made speech")


class HighPassParameters(OperatorParameters):
    """Parameters of `high_pass`."""

    cutoff_hz: float = Field(80.0, ge=10, le=2_000, description="frequency at which half the power is gone")
    order: int = Field(4, ge=1, le=8, description="6 dB an octave for each order")


class ChannelSelectParameters(OperatorParameters):
    """Parameters of `channel_select`."""

    channel: int = Field(..., ge=1, description="which channel, from 1")


class SpeedParameters(OperatorParameters):
    """Parameters of `speed`."""

    factor: float = Field(
        ..., ge=0.5, le=2.0, description="2 is twice as fast; the pitch stays, and results keep the recording's times"
    )


class LimitPeaksParameters(OperatorParameters):
    """Parameters of `limit_peaks`."""

    ceiling_dbfs: float = Field(-1.0, ge=-40, le=0, description="no sample goes beyond this")
    reach_ms: float = Field(5.0, gt=0, le=100, description="how far around a peak the gain goes down and up again")


def high_pass(audio: Audio, time_map: TimeMap, parameters: HighPassParameters) -> Processed:
    """Take out rumble and offset below a frequency.

    Raises:
        StepFailed: the audio's rate can't hold that frequency.
    """
    if parameters.cutoff_hz >= audio.sample_rate_hz / 2:
        raise StepFailed(
            "high_pass would leave nothing of this audio",
            found=f"a cutoff of {parameters.cutoff_hz:g} Hz at {audio.sample_rate_hz} Hz",
            allowed=f"a cutoff below {audio.sample_rate_hz / 2:g} Hz",
        )
    filters.high_pass(audio, parameters.cutoff_hz, parameters.order)
    return Processed(audio, time_map, {})


def channel_select(audio: Audio, time_map: TimeMap, parameters: ChannelSelectParameters) -> Processed:
    """Keep one channel.

    Raises:
        StepFailed: the audio has no such channel, or was mixed to one already.
    """
    if parameters.channel > audio.channels:
        raise StepFailed(
            f"this audio has no channel {parameters.channel}",
            found=f"{audio.channels} channel{'s' if audio.channels > 1 else ''}",
            allowed=f"1 to {audio.channels}",
            hint="Set ingest.channels=keep: otherwise the channels are mixed to one before operators see them.",
        )
    chosen = audio.samples[parameters.channel - 1 : parameters.channel].copy()
    return Processed(Audio(chosen, audio.sample_rate_hz), time_map, {"of_channels": audio.channels})


def speed(audio: Audio, time_map: TimeMap, parameters: SpeedParameters) -> Processed:
    """Make speech faster or slower at the same pitch; the time map knows, so results keep the recording's times."""
    changed = change_tempo(audio, parameters.factor)
    return Processed(changed, time_map.stretched(changed.duration_s), {"duration_before_s": audio.duration_s})


def limit_peaks(audio: Audio, time_map: TimeMap, parameters: LimitPeaksParameters) -> Processed:
    """Turn loud moments down, so that a knock does not hold back the loudness of everything else."""
    reach = max(1, round(parameters.reach_ms / 1000 * audio.sample_rate_hz))
    share, gain = filters.limit_peaks(audio, 10 ** (parameters.ceiling_dbfs / 20), reach)
    return Processed(
        audio, time_map, {"share_turned_down": round(share, 6), "most_db": round(decibels(gain) or 0.0, 2)}
    )


def trim_silence(audio: Audio, time_map: TimeMap, parameters: TrimSilenceParameters) -> Processed:
    """Shorten long silences. Where no loudness is defined (under 400 ms) nothing is silent but digital silence."""
    frame = max(1, round(_FRAME_S * audio.sample_rate_hz))
    length = audio.samples.shape[1]
    silent = frame_powers(audio, frame) <= _silence_power(audio, parameters.below_loudness_db)
    keep_each = max(1, round(parameters.keep_s / 2 * audio.sample_rate_hz))
    kept: list[tuple[int, int]] = []
    position = 0
    for first, behind in _runs(silent):
        start, end = first * frame, min(behind * frame, length)
        if (end - start) / audio.sample_rate_hz > parameters.max_silence_s:
            kept.append((position, start + keep_each))
            position = end - keep_each
    kept.append((position, length))
    removed_s = time_map.duration_s
    if len(kept) > 1:
        samples = np.concatenate([audio.samples[:, start:end] for start, end in kept], axis=1)
        audio = Audio(samples, audio.sample_rate_hz)
        time_map = time_map.keep((start / audio.sample_rate_hz, end / audio.sample_rate_hz) for start, end in kept)
    removed_s -= time_map.duration_s
    return Processed(audio, time_map, {"shortened_silences": len(kept) - 1, "removed_s": round(removed_s, 6)})


def _silence_power(audio: Audio, below_loudness_db: float) -> float:
    loudness_lufs = _loudness_of_any_level(audio)
    return SILENT_PEAK**2 if loudness_lufs is None else float(10 ** ((loudness_lufs - below_loudness_db) / 10))


def _runs(flags: npt.NDArray[np.bool_]) -> Sequence[tuple[int, int]]:
    """Start and end of each run of true flags."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in changes.reshape(-1, 2)]


def normalize_loudness(audio: Audio, time_map: TimeMap, parameters: NormalizeLoudnessParameters) -> Processed:
    """One gain for the whole. Silence, and audio too short to have a loudness (under 400 ms), stays as it is."""
    loudness_lufs = _loudness_of_any_level(audio)
    if loudness_lufs is None:
        return Processed(audio, time_map, {"gain_db": 0.0, "unchanged": "it has no loudness: silent, or under 400 ms"})
    headroom_db = parameters.max_peak_dbfs - (decibels(audio.peak) or 0.0)
    gain_db = min(parameters.target_lufs - loudness_lufs, headroom_db, parameters.max_gain_db)
    np.multiply(audio.samples, np.float32(10 ** (gain_db / 20)), out=audio.samples)
    return Processed(audio, time_map, {"loudness_before_lufs": round(loudness_lufs, 2), "gain_db": round(gain_db, 2)})


def _loudness_of_any_level(audio: Audio) -> float | None:
    """Loudness of audio that may lie below the standard's gate as a whole: it is then measured at full scale.

    None for silence and for what is shorter than 400 ms.
    """
    if (highest := audio.peak) <= SILENT_PEAK:
        return None
    loudness_lufs = integrated_loudness_lufs(audio)
    if loudness_lufs is not None:
        return loudness_lufs
    raised_lufs = integrated_loudness_lufs(audio, gain=1 / highest)
    return None if raised_lufs is None else raised_lufs + (decibels(highest) or 0.0)


OPERATORS: Mapping[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("trim_silence", "Shortens long silences.", TrimSilenceParameters, trim_silence),
        Operator(
            "normalize_loudness",
            "Brings the whole recording to a target loudness.",
            NormalizeLoudnessParameters,
            normalize_loudness,
        ),
        Operator("high_pass", "Takes out rumble below a frequency.", HighPassParameters, high_pass),
        Operator("channel_select", "Keeps one channel of several.", ChannelSelectParameters, channel_select),
        Operator("speed", "Makes speech faster or slower at the same pitch.", SpeedParameters, speed),
        Operator("limit_peaks", "Turns loud moments down to a ceiling.", LimitPeaksParameters, limit_peaks),
    )
}
"""Every operator, by name."""


def get_operator(name: str) -> Operator:
    """An operator by name.

    Raises:
        UnknownName: there is none of that name.
    """
    if name not in OPERATORS:
        raise unknown_name("operator", name, OPERATORS)
    return OPERATORS[name]
