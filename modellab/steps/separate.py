"""The separate step: a mixture taken apart into stems, each as long as it."""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import soundfile
from pydantic import Field

from modellab.media.audio import Audio, Samples
from modellab.media.canonical import AppliedOperator, CanonicalAudio
from modellab.media.canonical_writer import write_canonical, write_flac
from modellab.media.levels import decibels
from modellab.media.resampling import StreamResampler, resample
from modellab.media.sound_writer import sound_writer
from modellab.names import unknown_name
from modellab.steps.definition import Kind, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.contracts import Progress, SeparateModel

_BITS: Literal[24] = 24
"""Stems are quiet in places where the mixture is not; and rounding errors of several add up."""
_SEPARATING_SHARE = 0.95
"""Of the step's time, for its progress; the rest is writing."""


class SeparateParameters(StepParameters):
    """Which stem the rest of the pipeline hears."""

    stem: str = Field("vocals", description="stem that the steps after this one read; all stems are kept")


@dataclass(frozen=True, slots=True)
class Separated:
    """What is known of the stems once all are written."""

    peak: float
    """Largest absolute sample of any."""
    rms: Mapping[str, float]
    """Of each stem."""
    residual_db: float | None
    """Energy of what the stems together leave out of the mixture, over the mixture's; None for silence."""


def run(context: StepContext) -> Mapping[str, Any]:
    """Separate the audio into `<stem>.flac` files of its own rate and length.

    The mixture is in memory once, stems are written as they come. All are turned down together where one goes beyond
    full scale, so that they still add up.

    Raises:
        UnknownName: the model has no stem of the name asked for.
    """
    parameters = context.parameters
    assert isinstance(parameters, SeparateParameters)
    source = CanonicalAudio.open(context.reads["audio"])
    loaded = context.load()
    stems = tuple(loaded.model.stems)
    if parameters.stem not in stems:
        raise unknown_name("stem", parameters.stem, stems)
    mixture = _one_or_two_channels(source)
    with TemporaryDirectory(dir=context.output) as scratch:
        with context.model() as model:
            separated = write_stems(
                mixture,
                model,
                loaded.sample_rate_hz,
                Path(scratch),
                progress=lambda share: context.progress(share * _SEPARATING_SHARE),
            )
        del mixture
        gain = 1.0 / max(1.0, separated.peak)
        for stem in stems:
            audio = _read(Path(scratch), stem, gain)
            if stem != parameters.stem:
                write_flac(audio, context.output / f"{stem}.flac", _BITS)
                continue
            info = write_canonical(
                context.output,
                audio,
                source.time_map,
                source=source.info.source,
                mix=source.info.mix,
                operators=[
                    *source.info.operators,
                    AppliedOperator(STEP.name, parameters.model_dump(), {"stems": ", ".join(stems)}),
                ],
                warnings=source.info.warnings,
                attenuation_db=source.info.attenuation_db - (decibels(gain) or 0.0),
                audio_file=f"{stem}.flac",
                bits=_BITS,
            )
    context.progress(1.0)
    return {
        "duration_s": info.duration_s,
        "sample_rate_hz": info.sample_rate_hz,
        "channels": info.channels,
        "stem": parameters.stem,
        "rms_dbfs": {stem: _decibels(rms * gain) for stem, rms in separated.rms.items()},
        "residual_db": separated.residual_db,
        "turned_down_db": round(-(decibels(gain) or 0.0), 2),
    }


def _one_or_two_channels(source: CanonicalAudio) -> Audio:
    """The audio to take apart: models know mono and stereo; of more channels the mono mix that ingest chose."""
    rate_hz = source.info.sample_rate_hz
    if source.info.channels > 2:
        return Audio(source.waveform(rate_hz).samples[np.newaxis], rate_hz)
    return source.channels_at(rate_hz)


def write_stems(
    mixture: Audio, model: SeparateModel, model_rate_hz: int, folder: Path, *, progress: Progress
) -> Separated:
    """Write the stems of mono or stereo audio as `<stem>.w64`, float32, of its rate, channels and length.

    Args:
        mixture: one or two channels, at any rate; resampled to the model's on the way in and back on the way out.
        model: takes stereo at `model_rate_hz`; mono goes in twice and comes out as the mean.
        folder: where the files go.
        progress: of the separation.
    """
    stems = tuple(model.stems)
    length = mixture.samples.shape[1]
    powers = np.zeros(len(stems))
    power, error, peak, filled = 0.0, 0.0, 0.0, 0
    with ExitStack() as stack:
        files = [
            stack.enter_context(
                sound_writer(folder / f"{stem}.w64", mixture.channels, mixture.sample_rate_hz, "FLOAT", "W64")
            )
            for stem in stems
        ]
        for block in _blocks_of_length(_stems(mixture, model, model_rate_hz, len(stems), progress), length):
            for file, stem_block in zip(files, block, strict=True):
                file.write(stem_block.T)
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            powers += np.square(block, dtype=np.float64).sum(axis=(1, 2))
            whole = mixture.samples[:, filled : filled + block.shape[2]]
            power += float(np.square(whole, dtype=np.float64).sum())
            error += float(np.square(whole - block.sum(axis=0), dtype=np.float64).sum())
            filled += block.shape[2]
    rms = dict(zip(stems, np.sqrt(powers / mixture.samples.size).tolist(), strict=True))
    residual_db = round(10 * math.log10(error / power), 2) if power and error else None
    return Separated(peak, rms, residual_db)


def _stems(
    mixture: Audio, model: SeparateModel, model_rate_hz: int, stems: int, progress: Progress
) -> Iterator[Samples]:
    """Blocks of shape `(stems, channels, samples)` at the mixture's rate, in its channels."""
    given = resample(mixture, model_rate_hz)
    stereo = Audio(np.broadcast_to(given.samples, (2, given.samples.shape[1])), model_rate_hz)
    channels = mixture.channels
    back = StreamResampler(stems * channels, model_rate_hz, mixture.sample_rate_hz)
    for block in model.separate(stereo, progress):
        own = block.mean(axis=1, keepdims=True, dtype=np.float32) if channels == 1 else block
        yield back.push(own.reshape(stems * channels, -1)).reshape(stems, channels, -1)
    yield back.finish().reshape(stems, channels, -1)


def _blocks_of_length(blocks: Iterator[Samples], length: int) -> Iterator[Samples]:
    """Blocks that together have that length: going to another rate and back can be a sample or two off."""
    given, shape = 0, (0, 0)
    for block in blocks:
        part = block[..., : length - given]
        given += part.shape[-1]
        shape = block.shape[:2]
        yield part
    if given < length:
        yield np.zeros((*shape, length - given), dtype=np.float32)


def _read(folder: Path, stem: str, gain: float) -> Audio:
    samples, rate_hz = soundfile.read(folder / f"{stem}.w64", dtype="float32", always_2d=True)
    samples *= np.float32(gain)
    return Audio(samples.T, rate_hz)


def _decibels(rms: float) -> float | None:
    level = decibels(rms)
    return None if level is None else round(level, 2)


STEP = StepDefinition(
    name="separate",
    description="Takes music apart into stems that add up to it; the steps after it hear one of them.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.AUDIO, Kind.STEMS),
    parameters=SeparateParameters,
    run=run,
    packages=SAMPLES,
    surface="separate",
)
