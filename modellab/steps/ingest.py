"""Ingest: a registered input becomes canonical audio."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from modellab.errors import LabError
from modellab.inputs.registered import check_copy
from modellab.media.audio import AudioBlocks, TimeMap
from modellab.media.canonical import AppliedOperator, IngestInfo, SourceFacts
from modellab.media.canonical_writer import check_flac, write_canonical
from modellab.media.decode import MediaReader, resampled
from modellab.media.mixing import ChannelPowers, Mix, choose_mix
from modellab.media.operators import Processed, get_operator
from modellab.media.room import check_room
from modellab.media.spool import Spool
from modellab.steps.definition import Kind, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT
from modellab.steps.packages import MEDIA
from modellab.surfaces.contracts import Progress

_LOWEST_RATE_HZ = 4_000
_HIGHEST_RATE_HZ = 384_000
_MIX_SHARE, _DECODE_SHARE = 0.3, 0.4
"""Rough shares of the step's time, for its progress: looking at the channels, and decoding; the rest is writing."""


class OperatorCall(BaseModel):
    """One preprocessing operator with its parameters, all of them after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        try:
            complete = get_operator(self.name).parameters.model_validate(self.parameters)
        except ValidationError:
            raise
        except LabError as error:
            raise ValueError(str(error)) from error
        object.__setattr__(self, "parameters", complete.model_dump())
        return self


class IngestParameters(StepParameters):
    """Parameters of ingest."""

    sample_rate_hz: int | None = Field(
        16_000,
        ge=_LOWEST_RATE_HZ,
        le=_HIGHEST_RATE_HZ,
        description="rate of the canonical audio; none keeps the source's",
    )
    channels: Literal["mono", "keep"] = Field("mono", description="mix to one channel, or keep all")
    audio_stream: int | None = Field(
        None,
        ge=0,
        description="which of the file's audio streams, from 0; none takes the first that can be decoded, the one "
        "that the file marks as its default first",
    )
    trim_silence: bool = Field(False, description="shorten long silences, after `operators`, with default parameters")
    normalize_loudness: bool = Field(False, description="bring to -23 LUFS, last of all, with default parameters")
    operators: tuple[OperatorCall, ...] = Field((), description="preprocessing operators, in this order")

    @field_validator("sample_rate_hz", "audio_stream", mode="before")
    @classmethod
    def _none_in_words(cls, value: object) -> object:
        """A system key can only hold text."""
        return None if isinstance(value, str) and value.lower() == "none" else value

    @property
    def calls(self) -> tuple[OperatorCall, ...]:
        """Every operator to apply, in order."""
        asked = {"trim_silence": self.trim_silence, "normalize_loudness": self.normalize_loudness}
        return (*self.operators, *(OperatorCall(name=name) for name, wanted in asked.items() if wanted))


def run(context: StepContext) -> Mapping[str, Any]:
    """Decode, mix, resample, process and write the canonical audio with its description and envelope.

    All of it goes through in blocks, with a file between decoding and writing: only then is it known how loud it is and
    how long. Operators hold the whole recording; whether it fits into memory is asked before.

    Raises:
        InputDamaged: the lab's copy of the recording is not what was registered.
        InputRefused: the asked audio stream is not there, does not decode, or is longer than a recording may be.
        StepFailed: FLAC can't hold that many channels or that rate, or there is too little disk or memory.
    """
    parameters = context.parameters
    assert isinstance(parameters, IngestParameters)
    check_copy(context.input)
    open_reader = partial(
        MediaReader,
        context.input.path,
        audio_stream=parameters.audio_stream,
        name=context.input.name,
        longest_s=context.longest_s,
    )
    length_s = context.input.duration_s
    with ExitStack() as opened:
        reader = opened.enter_context(open_reader())
        channels = reader.info.channels if parameters.channels == "keep" else 1
        rate_hz = parameters.sample_rate_hz or reader.info.sample_rate_hz
        check_flac(channels, rate_hz)
        check_room(context.output, samples=round(length_s * rate_hz) * channels, in_memory=bool(parameters.calls))
        mix, done = _find_mix(reader, lambda share: context.progress(share * _MIX_SHARE), length_s)
        if done:  # it was read to its end
            reader = opened.enter_context(open_reader())
        spool = opened.enter_context(Spool(context.output, channels, rate_hz))
        weights = np.array(mix.weights, dtype=np.float32) if parameters.channels == "mono" else None
        for block in resampled(reader, rate_hz, weights):
            spool.append(block)
            context.progress(done + _DECODE_SHARE * min(1.0, reader.duration_s / length_s))
        source, warnings = _source_facts(reader), reader.warnings()
        if mix.note and parameters.channels == "mono":
            warnings.append(mix.note)
        audio, time_map, applied = _processed(spool, TimeMap.identity(source.duration_s), parameters.calls)
        info = write_canonical(
            context.output, audio, time_map, source=source, mix=mix.weights, operators=applied, warnings=warnings
        )
    context.progress(1.0)
    return _summary(info)


def _processed(
    spool: Spool, time_map: TimeMap, calls: Sequence[OperatorCall]
) -> tuple[AudioBlocks, TimeMap, list[AppliedOperator]]:
    """What operators make of the audio; without any it stays where it is."""
    if not calls:
        return spool, time_map, []
    audio = spool.load()
    applied: list[AppliedOperator] = []
    for call in calls:
        operator = get_operator(call.name)
        processed: Processed = operator.apply(audio, time_map, operator.parameters.model_validate(call.parameters))
        audio, time_map = processed.audio, processed.time_map
        applied.append(AppliedOperator(call.name, call.parameters, dict(processed.facts)))
    return audio, time_map, applied


def _find_mix(reader: MediaReader, progress: Progress, length_s: float) -> tuple[Mix, float]:
    """The mono mix of the source, and which share of the step's time finding it took: 0 where nothing had to be read.

    Of several channels it takes all of the recording to tell, hence a decoding of its own: holding all channels
    meanwhile, or reading them back from disk, would cost more than decoding twice.
    """
    if reader.info.channels == 1:
        return Mix((1.0,)), 0.0
    powers = ChannelPowers(reader.info.channels)
    for block in reader.blocks():
        powers.add(block)
        progress(min(1.0, reader.duration_s / length_s))
    return choose_mix(powers, reader.info.layout), _MIX_SHARE


def _source_facts(reader: MediaReader) -> SourceFacts:
    info, report = reader.info, reader.report
    return SourceFacts(
        format=info.format,
        audio_stream=info.audio_stream,
        audio_streams=info.audio_streams,
        has_video=info.has_video,
        sample_rate_hz=info.sample_rate_hz,
        channels=info.channels,
        layout=list(info.layout),
        duration_s=reader.duration_s,
        full_scale_fraction=report.full_scale_samples / (report.samples * info.channels),
        non_finite_samples=report.non_finite_samples,
        passed_over_streams=list(info.passed_over),
        filled_gaps=report.filled_gaps,
        filled_s=report.filled_s,
        doubted_jumps=report.doubted_jumps,
        losses=reader.losses(),
        clock_start_s=info.clock_start_s,
    )


def _summary(info: IngestInfo) -> dict[str, Any]:
    """Small figures for lists and charts."""
    return {
        "duration_s": info.duration_s,
        "original_duration_s": info.original_duration_s,
        "sample_rate_hz": info.sample_rate_hz,
        "channels": info.channels,
        "source_format": info.source.format,
        "source_sample_rate_hz": info.source.sample_rate_hz,
        "source_channels": info.source.channels,
        "full_scale_fraction": info.source.full_scale_fraction,
        "attenuation_db": info.attenuation_db,
        **asdict(info.levels),
        "operators": [operator.name for operator in info.operators],
        "warnings": info.warnings,
    }


STEP = StepDefinition(
    name="ingest",
    description="Decodes the recording, mixes it to one channel (or keeps all) and brings it to one sample rate.",
    code_version="4",
    reads=(),
    gives=(Kind.RECORDING, Kind.AUDIO),
    parameters=IngestParameters,
    run=run,
    packages=MEDIA,
    takes="media",
    outside=(INPUT,),
)
