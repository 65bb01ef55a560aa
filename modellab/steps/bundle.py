"""The step that turns a meeting's results into a Meeting Pack."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from modellab.bundle.audio import write_audio
from modellab.bundle.manifest import Absence
from modellab.bundle.meeting import describe
from modellab.bundle.pack import write_pack
from modellab.media.canonical import CanonicalAudio, IngestInfo
from modellab.media.decode import MediaReader
from modellab.steps.definition import Read, StepContext, StepDefinition, StepParameters
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript, load

CODE_VERSION = "1"
_LACKING = {"speech": "speech segments", "diarization": "speakers"}
"""Optional role -> what a pack lacks without it."""
_AUDIO_PART = 0.7
"""Of the progress: most of the time goes into decoding and encoding."""


def run(context: StepContext) -> Mapping[str, Any]:
    """Write the pack and its zip into the step's output folder."""
    audio = CanonicalAudio.open(context.reads["audio"])
    transcript = load(Transcript, context.reads["transcript"].file("transcript.json"))
    speech = context.reads.get("speech")
    diarization = context.reads.get("diarization")
    meeting = describe(
        context.input,
        audio.original_duration_s,
        transcript,
        load(SpeechSegments, speech.file("speech.json")) if speech else None,
        load(Diarization, diarization.file("diarization.json")) if diarization else None,
    )
    written = write_pack(
        context.output,
        meeting,
        peaks=np.abs(audio.envelope().overview).max(axis=0),
        source=context.input,
        reads=list(context.reads.values()),
        absent=list(_absences(context)),
        code_version=CODE_VERSION,
        write_recording=lambda target: _write_recording(context, audio, target),
    )
    context.progress(1.0)
    return asdict(written)


def _write_recording(context: StepContext, audio: CanonicalAudio, target: Path) -> None:
    source, duration_s = audio.info.source, audio.original_duration_s
    with MediaReader(context.input.path, audio_stream=source.audio_stream, name=context.input.name) as reader:
        write_audio(
            target,
            reader,
            _mix_weights(audio.info),
            lambda seconds: context.progress(_AUDIO_PART * min(seconds / duration_s, 1.0)),
        )


def _mix_weights(info: IngestInfo) -> list[float]:
    """Ingest's mono mix, turned down like ingest's audio where the recording goes beyond full scale.

    After operators, how far ingest turned down says nothing about the recording itself.
    """
    gain = 1.0 if info.operators else 10.0 ** (-info.attenuation_db / 20.0)
    return [weight * gain for weight in info.mix]


def _absences(context: StepContext) -> Iterator[Absence]:
    for role, what in _LACKING.items():
        if role in context.absent:
            yield Absence(what, context.absent[role])
    diarization = context.reads.get("diarization")
    if diarization and diarization.step == "diarization" and context.reads["transcript"].step == "asr":
        yield Absence("who said each word", "words were not aligned with speakers")


STEP = StepDefinition(
    name="bundle",
    description="The Meeting Pack: a page to read and hear the meeting, transcripts in every format, the recording, "
    "a manifest, and all of it as one zip.",
    code_version=CODE_VERSION,
    reads=(
        Read("audio", ("ingest",)),
        Read("transcript", ("alignment", "asr")),
        Read("speech", ("channels", "vad"), required=False),
        Read("diarization", ("channels", "diarization"), required=False),
        # An aligned transcript does not say which model heard the words; the manifest does.
        Read("recognition", ("asr",), required=False),
    ),
    parameters=StepParameters,
    run=run,
    reads_input=True,
)
