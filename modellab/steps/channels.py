"""The channels step: who speaks when in a recording with a channel for each speaker, such as a call-centre's stereo."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.bundle.meeting import merge
from modellab.documents import save
from modellab.errors import StepFailed
from modellab.media.audio import Audio, Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.media.quiet import Audible, audible
from modellab.speech.crosstalk import frame_levels, leaked_frames, own_speech, same_sound
from modellab.steps import diarization as diarization_step
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition
from modellab.steps.doubts import quiet_doubt, said
from modellab.steps.packages import SAMPLES
from modellab.steps.vad import VadParameters
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Turn
from modellab.surfaces.speakers import overlap_s

_STEREO = ("Left", "Right")


class ChannelsParameters(VadParameters):
    """When sound in a channel counts as its speaker's speech."""

    bleed_db: float = Field(
        12.0, gt=0, description="speech this much quieter than another channel at that moment leaked from there"
    )


@dataclass(frozen=True, slots=True)
class ChannelSpeaker:
    """The speaker of one channel."""

    channel: int
    """From 0."""
    speaker: str
    speech_s: float
    leaked_s: float
    """Speech heard in the channel that was another's."""
    level_lufs: float | None = None
    """How loud the channel is where it is loudest; None for silence."""
    raised_db: float = 0.0
    """How much louder than it is the model heard it, because it is very quiet."""


@dataclass(frozen=True, slots=True)
class ChannelSpeakers:
    """Every channel's speaker, silent ones included."""

    FILE: ClassVar[str] = "channels.json"

    channels: list[ChannelSpeaker]


def channel_name(channel: int, channels: int) -> str:
    """What a channel's speaker is called: Left and Right of two channels, else Channel 1, Channel 2 and so on."""
    return _STEREO[channel] if channels == len(_STEREO) else f"Channel {channel + 1}"


def run(context: StepContext) -> Mapping[str, Any]:
    """Find the speech of each channel, without what leaked into it from another.

    Raises:
        StepFailed: there is one channel only, or two channels with speech hold the same sound.
    """
    parameters = context.parameters
    assert isinstance(parameters, ChannelsParameters)
    canonical = CanonicalAudio.open(context.reads["audio"])
    _check_number(canonical, context.input.name)
    audio = canonical.channels_at(context.load().sample_rate_hz)
    leaked = leaked_frames(frame_levels(audio), parameters.bleed_db)
    turns: list[Turn] = []
    speakers: list[ChannelSpeaker] = []
    for channel, (heard, loud) in enumerate(_speech_by_channel(context, audio, parameters)):
        own = own_speech(heard, leaked[channel], parameters.min_speech_ms / 1000)
        name = channel_name(channel, audio.channels)
        turns += [Turn(segment.start_s, segment.end_s, name) for segment in own]
        speech_s = sum(segment.duration_s for segment in own)
        heard_s = sum(segment.duration_s for segment in heard)
        speakers.append(
            ChannelSpeaker(
                channel,
                name,
                round(speech_s, 3),
                round(heard_s - speech_s, 3),
                None if loud.level_lufs is None else round(loud.level_lufs, 2),
                round(loud.raised_db, 2),
            )
        )
    _check_difference(audio, speakers, parameters.bleed_db, context.input.name)
    turns.sort(key=lambda turn: (turn.start_s, turn.end_s, turn.speaker))
    found = Diarization(turns, audio.duration_s).in_original_time(canonical.time_map)
    speech = SpeechSegments(merge(Segment(t.start_s, t.end_s) for t in found.turns), found.duration_s)
    diarization_step.save_turns(found, context)
    save(speech, context.output)
    save(ChannelSpeakers(speakers), context.output)
    return {
        "channels": audio.channels,
        "speakers": len(found.speakers),
        "turns": len(found.turns),
        "speech_s": {speaker.speaker: speaker.speech_s for speaker in speakers},
        "leaked_s": {speaker.speaker: speaker.leaked_s for speaker in speakers},
        "overlap_s": round(overlap_s(found.turns), 3),
        "warnings": said(*(quiet_doubt(each, f"{each.speaker}'s channel") for each in speakers if each.speech_s)),
    }


def _check_number(audio: CanonicalAudio, name: str) -> None:
    if audio.info.channels > 1:
        return
    source = audio.info.source.channels
    raise StepFailed(
        f"the channels of {name} can't tell its speakers apart",
        found="1 channel" if source == 1 else f"1 channel, mixed from the recording's {source}",
        allowed="2 channels or more, each with one speaker",
        hint="Run the pipeline meeting on it: it tells speakers apart by their voices."
        if source == 1
        else "Set ingest.channels=keep, and use no step before this one that mixes them.",
    )


def _check_difference(audio: Audio, speakers: Sequence[ChannelSpeaker], bleed_db: float, name: str) -> None:
    same = same_sound(audio, [speaker.channel for speaker in speakers if speaker.speech_s], bleed_db)
    if same is None:
        return
    one, other, correlation = same
    raise StepFailed(
        f"the channels of {name} can't tell its speakers apart",
        found=f"the same sound in channels {one + 1} and {other + 1} (correlation {correlation:.3f})",
        allowed="a channel for each speaker",
        hint="Run the pipeline meeting on it: it tells speakers apart by their voices.",
    )


def _speech_by_channel(
    context: StepContext, audio: Audio, parameters: ChannelsParameters
) -> Iterator[tuple[list[Segment], Audible]]:
    """What is heard in each channel, which is raised for the model where it is very quiet."""
    asked = parameters.model_dump(exclude={"bleed_db"})
    for channel, samples in enumerate(audio.samples):
        loud = audible(samples, audio.sample_rate_hz)
        with context.model() as model:
            heard: SpeechSegments = model.detect(
                Waveform(loud.samples, audio.sample_rate_hz),
                asked,
                lambda share, done=channel: context.progress((done + share) / audio.channels),
            )
        yield heard.segments, loud


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker's speech and where to hear it."""

    channel: int
    speaker: str
    speech: SpeechSegments


def voices(artifact: Artifact) -> list[Voice]:
    """The speakers that the step found, who talks longest first; channels without speech are left out."""
    found = artifact.read(Diarization)
    heard = [
        Voice(
            known.channel,
            known.speaker,
            SpeechSegments(
                [Segment(t.start_s, t.end_s) for t in found.turns if t.speaker == known.speaker], found.duration_s
            ),
        )
        for known in artifact.read(ChannelSpeakers).channels
    ]
    return sorted((voice for voice in heard if voice.speech.segments), key=lambda voice: -voice.speech.speech_s)


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """One row of `segments` for each turn, as the diarization step's."""
    return diarization_step.tables(artifact)


STEP = StepDefinition(
    name="channels",
    description="Takes each channel for one speaker, and finds when they talk, without what leaks in from the others.",
    code_version="3",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.SPEECH, Kind.TURNS),
    parameters=ChannelsParameters,
    run=run,
    packages=SAMPLES,
    surface="channels",
    asks="vad",
    tables=tables,
)
