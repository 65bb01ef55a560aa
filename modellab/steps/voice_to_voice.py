"""The voice_to_voice step: a model hears a recording and answers it, in words and with a voice."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field

from modellab.documents import save
from modellab.errors import StepFailed
from modellab.media.audio import Audio, TimeMap
from modellab.media.canonical import CanonicalAudio, SourceFacts
from modellab.media.canonical_writer import write_canonical
from modellab.media.decode import no_numbers
from modellab.metrics.synthesis import FULL_SCALE
from modellab.steps.definition import Kind, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import MEDIA
from modellab.surfaces.replies import Reply, SpokenReply

_FORMAT = "reply/float32"
"""In place of a file's container and codec."""
_LONGEST_HEARD_S = 120.0
"""Such models hear a turn of a conversation, in one go; a meeting would be beyond what they were made for."""


class VoiceToVoiceParameters(StepParameters):
    """How the recording is answered."""

    instructions: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="what the model is told beforehand; left out: what its makers say",
    )
    longest_s: float = Field(30.0, ge=1.0, le=120.0, description="a longer reply is cut off there, in seconds")
    seed: int = Field(0, ge=0, le=999_999_999, description="what is random in the reply follows from it")


def run(context: StepContext) -> Mapping[str, Any]:
    """Let the model answer the canonical audio, mixed to mono at its rate, as one turn.

    Raises:
        StepFailed: the recording is longer than a turn, or the model says nothing.
    """
    parameters = context.parameters
    assert isinstance(parameters, VoiceToVoiceParameters)
    audio = CanonicalAudio.open(context.reads["audio"])
    if audio.duration_s > _LONGEST_HEARD_S:
        raise StepFailed(
            f"{context.input.name} is too long to be answered as one turn",
            found=f"{audio.duration_s:.0f} s",
            allowed=f"{_LONGEST_HEARD_S:g} s",
            hint="Cut a question out of it.",
        )
    waveform = audio.waveform(context.load().sample_rate_hz)
    with context.model() as model:
        reply: Reply = model.reply(
            waveform, parameters.instructions, parameters.longest_s, parameters.seed, context.progress
        )
    if not len(reply.sound.samples):
        raise StepFailed(
            "the model answers with no sound",
            found=f"the words: {reply.text}" if reply.text else "no words either",
            hint="Is there speech in the recording? Another voice_to_voice.seed may be answered.",
        )
    odd = ~np.isfinite(reply.sound.samples)
    samples = np.where(odd, np.float32(0.0), reply.sound.samples)
    sound = Audio(samples[np.newaxis], reply.sound.sample_rate_hz)
    warnings = [no_numbers(int(odd.sum()))] if odd.any() else []
    info = write_canonical(
        context.output,
        sound,
        TimeMap.identity(sound.duration_s),
        source=_facts(sound, int(odd.sum())),
        mix=[1.0],
        warnings=warnings,
    )
    spoken = SpokenReply(
        reply.text,
        sound.duration_s,
        sound.sample_rate_hz,
        heard_s=audio.duration_s,
        ended=reply.ended,
        seed=parameters.seed,
        instructions=parameters.instructions,
    )
    save(spoken, context.output)
    return {
        "text": reply.text,
        "duration_s": info.duration_s,
        "sample_rate_hz": sound.sample_rate_hz,
        "heard_s": audio.duration_s,
        "ended": reply.ended,
        "peak_dbfs": info.levels.peak_dbfs,
        "loudness_lufs": info.levels.loudness_lufs,
        "warnings": warnings,
    }


def _facts(sound: Audio, odd: int) -> SourceFacts:
    """What is known of the reply as the model made it, in place of a recording's facts."""
    return SourceFacts(
        format=_FORMAT,
        audio_stream=0,
        audio_streams=1,
        has_video=False,
        sample_rate_hz=sound.sample_rate_hz,
        channels=1,
        layout=["FC"],
        duration_s=sound.duration_s,
        full_scale_fraction=float((np.abs(sound.samples) >= FULL_SCALE).mean()),
        non_finite_samples=odd,
    )


STEP = StepDefinition(
    name="voice_to_voice",
    description="A model hears the recording and answers it, in words and with a voice.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.REPLY,),
    parameters=VoiceToVoiceParameters,
    run=run,
    packages=MEDIA,
    surface="voice_to_voice",
)
