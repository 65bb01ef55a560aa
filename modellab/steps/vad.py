"""The vad step: where there is speech."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.media.audio import Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.media.quiet import audible
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.doubts import quiet_doubt, said
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import SpeechSegments


class VadParameters(StepParameters):
    """When sound counts as speech."""

    threshold: float = Field(0.5, gt=0, lt=1, description="probability of speech from which a segment begins")
    min_speech_ms: int = Field(250, ge=0, description="shorter speech is dropped")
    min_silence_ms: int = Field(100, ge=0, description="shorter silence does not part two segments")
    speech_pad_ms: int = Field(30, ge=0, description="added at both ends of a segment")


def run(context: StepContext) -> Mapping[str, Any]:
    """Find the speech in the canonical audio, mixed to mono at the model's rate.

    Very quiet audio is raised for the model, which would take its speech for noise.
    """
    audio = CanonicalAudio.open(context.reads["audio"])
    waveform = audio.waveform(context.load().sample_rate_hz)
    heard = audible(waveform.samples, waveform.sample_rate_hz)
    with context.model() as model:
        found: SpeechSegments = model.detect(
            Waveform(heard.samples, waveform.sample_rate_hz), context.parameters.model_dump(), context.progress
        )
    speech = replace(
        found.in_original_time(audio.time_map),
        level_lufs=None if heard.level_lufs is None else round(heard.level_lufs, 2),
        raised_db=round(heard.raised_db, 2),
    )
    save(speech, context.output)
    return {
        "speech_s": round(speech.speech_s, 3),
        "segments": len(speech.segments),
        "speech_ratio": round(speech.speech_s / speech.duration_s, 4) if speech.duration_s else 0.0,
        "level_lufs": speech.level_lufs,
        "raised_db": speech.raised_db,
        "warnings": said(quiet_doubt(speech)),
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `segments` for each speech segment."""
    speech = artifact.read(SpeechSegments)
    return {
        "segments": [
            {"kind": "speech", "position": position, "start_s": segment.start_s, "end_s": segment.end_s}
            for position, segment in enumerate(speech.segments)
        ]
    }


STEP = StepDefinition(
    name="vad",
    description="Finds where there is speech, so that nothing is made up in silence.",
    code_version="3",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.SPEECH,),
    parameters=VadParameters,
    run=run,
    packages=SAMPLES,
    surface="vad",
    tables=tables,
)
