"""The enhance step: the same audio with less noise, sample for sample in its place."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import Field

from modellab.media.audio import Audio, Samples
from modellab.media.canonical import AppliedOperator, CanonicalAudio
from modellab.media.canonical_writer import write_canonical
from modellab.media.levels import SILENT_PEAK, frame_powers
from modellab.media.resampling import StreamResampler
from modellab.steps.definition import Kind, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.contracts import EnhanceModel, EnhanceStream, Progress

_BLOCK_SAMPLES = 1 << 16
_FLOOR_FRAME_S = 0.02
_FLOOR_PERCENTILE = 10
_ENHANCING_SHARE = 0.9
"""Of the step's time, for its progress; the rest is writing."""


class EnhanceParameters(StepParameters):
    """How far the enhancement goes."""

    max_attenuation_db: float | None = Field(
        None,
        gt=0,
        le=100,
        description="no sound is turned down by more than this: some noise stays, and so do the speech's details; "
        "left out: no limit",
    )


def run(context: StepContext) -> Mapping[str, Any]:
    """Enhance every channel of the audio, which keeps its rate, its length and its place in time.

    The audio is in memory once: it is replaced bit by bit while it streams through the model.
    """
    parameters = context.parameters
    assert isinstance(parameters, EnhanceParameters)
    source = CanonicalAudio.open(context.reads["audio"])
    audio = source.channels_at(source.info.sample_rate_hz)
    floor_before_dbfs = noise_floor_dbfs(audio)
    model_rate_hz = context.load().sample_rate_hz
    with context.model() as model:
        enhance_in_place(
            audio,
            model,
            model_rate_hz,
            max_attenuation_db=parameters.max_attenuation_db,
            progress=lambda share: context.progress(share * _ENHANCING_SHARE),
        )
    floor_after_dbfs = noise_floor_dbfs(audio)
    before = source.info.levels
    info = write_canonical(
        context.output,
        audio,
        source.time_map,
        source=source.info.source,
        mix=source.info.mix,
        operators=[
            *source.info.operators,
            AppliedOperator(STEP.name, parameters.model_dump(), {"model_sample_rate_hz": model_rate_hz}),
        ],
        warnings=source.info.warnings,
        attenuation_db=source.info.attenuation_db,
    )
    context.progress(1.0)
    return {
        "duration_s": info.duration_s,
        "sample_rate_hz": info.sample_rate_hz,
        "channels": info.channels,
        "noise_floor_before_dbfs": floor_before_dbfs,
        "noise_floor_after_dbfs": floor_after_dbfs,
        "loudness_before_lufs": _rounded(before.loudness_lufs),
        "loudness_after_lufs": _rounded(info.levels.loudness_lufs),
        "is_silent": info.levels.is_silent,
    }


def enhance_in_place(
    audio: Audio,
    model: EnhanceModel,
    model_rate_hz: int,
    *,
    max_attenuation_db: float | None = None,
    progress: Progress = lambda share: None,
) -> None:
    """Replace audio by its enhanced self; each channel goes through the model alone, in blocks.

    Args:
        audio: at any rate; resampled to the model's on the way in and back on the way out where they differ.
        model: takes audio at `model_rate_hz`.
        max_attenuation_db: with a limit L some of the original is mixed back in, 10^(-L/20) of it and the rest of the
            enhanced (as DeepFilterNet's `atten_lim_db`, df/enhance.py).
    """
    kept = np.float32(0.0 if max_attenuation_db is None else 10 ** (-max_attenuation_db / 20))
    length = audio.samples.shape[1]
    for number, channel in enumerate(audio.samples):
        filled = 0
        for block in _through(_blocks(channel), model.stream(), audio.sample_rate_hz, model_rate_hz):
            place = channel[filled : filled + len(block)]
            place *= kept
            place += (1 - kept) * block[: len(place)]
            filled += len(place)
            progress((number + filled / length) / audio.channels)
        # Of a rate far above the model's, rounding can leave a sample or two without an answer.
        channel[filled:] = 0.0


def _blocks(channel: Samples) -> Iterator[Samples]:
    for start in range(0, len(channel), _BLOCK_SAMPLES):
        # A copy: its place may be overwritten while the model still looks at it.
        yield channel[start : start + _BLOCK_SAMPLES].copy()


def _through(
    blocks: Iterable[Samples], stream: EnhanceStream, sample_rate_hz: int, model_rate_hz: int
) -> Iterator[Samples]:
    """What comes of one channel's blocks at the model's rate, at their own rate again."""
    there = StreamResampler(1, sample_rate_hz, model_rate_hz)
    back = StreamResampler(1, model_rate_hz, sample_rate_hz)
    for block in blocks:
        yield _back(back, stream.push(there.push(block[np.newaxis])[0]))
    yield _back(back, stream.push(there.finish()[0]))
    yield _back(back, stream.finish())
    yield back.finish()[0]


def _back(resampler: StreamResampler, samples: Samples) -> Samples:
    channel: Samples = resampler.push(samples[np.newaxis])[0]
    return channel


def noise_floor_dbfs(audio: Audio) -> float:
    """Level of the quietest tenth of a recording: 10th percentile of the powers of 20 ms, of the loudest channel.

    Digital silence counts as the last bit of 16-bit sound.
    """
    frame = max(1, round(_FLOOR_FRAME_S * audio.sample_rate_hz))
    power = float(np.percentile(frame_powers(audio, frame), _FLOOR_PERCENTILE))
    return round(10 * math.log10(max(power, SILENT_PEAK**2)), 2)


def _rounded(level: float | None) -> float | None:
    return None if level is None else round(level, 2)


STEP = StepDefinition(
    name="enhance",
    description="Takes noise out of the audio, which keeps its length and its place in time.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.AUDIO, Kind.ENHANCED),
    parameters=EnhanceParameters,
    run=run,
    packages=SAMPLES,
    surface="enhance",
)
