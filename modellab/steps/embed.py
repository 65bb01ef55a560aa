"""The embed step: what a recording and each of its voices are like, as vectors that can be compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.media.audio import Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import Diarization, Segment, SpeechSegments
from modellab.surfaces.sounds import SoundVector, SoundVectors
from modellab.surfaces.speakers import alone


def run(context: StepContext) -> Mapping[str, Any]:
    """Embed what is heard in the canonical audio: where there is speech, if that is known, else all of it.

    Where turns are known each speaker gets a vector too, of what they say while nobody else speaks.
    """
    audio = CanonicalAudio.open(context.reads["audio"])
    waveform = audio.waveform(context.load().sample_rate_hz)
    duration_s = audio.time_map.original_duration_s
    wanted: dict[str | None, list[Segment]] = {None: _whole(context, audio, waveform)}
    if turns := context.reads.get("turns"):
        for speaker, spans in alone(turns.read(Diarization).turns).items():
            wanted[speaker] = SpeechSegments(spans, duration_s).in_processed_time(audio.time_map)
    with context.model() as model:
        heard = {speaker: spans for speaker, spans in wanted.items() if _seconds(spans) >= model.shortest_s}
        rows = model.embed_sound(waveform, list(heard.values()), context.progress) if heard else []
        shortest_s = model.shortest_s
    found = [
        # As many digits as float32 has.
        SoundVector([float(f"{value:.9g}") for value in row.tolist()], round(_seconds(spans), 3), speaker)
        for (speaker, spans), row in zip(heard.items(), rows, strict=True)
    ]
    vectors = SoundVectors(
        next((one for one in found if one.speaker is None), None),
        [one for one in found if one.speaker is not None],
        duration_s,
    )
    save(vectors, context.output)
    return {
        "heard_s": vectors.recording.heard_s if vectors.recording else 0.0,
        "width": len(found[0].vector) if found else 0,
        "speakers": len(vectors.speakers),
        "too_short": [speaker or "recording" for speaker in wanted if speaker not in heard],
        "shortest_s": shortest_s,
    }


def _whole(context: StepContext, audio: CanonicalAudio, waveform: Waveform) -> list[Segment]:
    if speech := context.reads.get("speech"):
        return speech.read(SpeechSegments).in_processed_time(audio.time_map)
    return [Segment(0.0, waveform.duration_s)]


def _seconds(spans: Sequence[Segment]) -> float:
    return sum(span.duration_s for span in spans)


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `vectors` for the recording and for each speaker."""
    found = artifact.read(SoundVectors)
    return {
        "vectors": [
            {"position": position, "speaker": one.speaker, "heard_s": one.heard_s, "vector": one.vector}
            for position, one in enumerate(found.all)
        ]
    }


STEP = StepDefinition(
    name="embed",
    description="Makes vectors of voices: the closer two are, the more likely they are one person's.",
    code_version="1",
    reads=(
        Read("audio", Kind.AUDIO),
        Read("speech", Kind.SPEECH, required=False),
        Read("turns", Kind.TURNS, required=False),
    ),
    gives=(Kind.VECTORS,),
    parameters=StepParameters,
    run=run,
    packages=SAMPLES,
    surface="embed_sound",
    tables=tables,
)
