"""The diarization step: who spoke when."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field, model_validator

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.formats.rttm import to_rttm
from modellab.media.canonical import CanonicalAudio
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import Diarization
from modellab.surfaces.speakers import overlap_s

_RTTM_FILE = "diarization.rttm"


class DiarizationParameters(StepParameters):
    """What is asked of the model. What is left out is the model's own choice; a model refuses what it can't do."""

    num_speakers: int | None = Field(None, ge=1, description="how many people speak, when that is known")
    min_speakers: int | None = Field(None, ge=1, description="at least so many people speak")
    max_speakers: int | None = Field(None, ge=1, description="at most so many people speak")
    threshold: float | None = Field(None, gt=0, le=2, description="distance up to which voices count as one person's")
    min_cluster_size: int | None = Field(
        None, ge=1, description="pieces of speech a voice must have to count as a person"
    )
    min_duration_off_s: float | None = Field(None, ge=0, description="shorter pauses do not part a speaker's turn")

    @model_validator(mode="after")
    def _numbers_agree(self) -> "DiarizationParameters":
        if self.num_speakers is not None and (self.min_speakers is not None or self.max_speakers is not None):
            raise ValueError("give num_speakers, or min_speakers and max_speakers, not both")
        if self.min_speakers and self.max_speakers and self.min_speakers > self.max_speakers:
            raise ValueError("min_speakers is larger than max_speakers")
        return self


def run(context: StepContext) -> Mapping[str, Any]:
    """Find the speakers' turns in the canonical audio, mixed to mono at the model's rate."""
    audio = CanonicalAudio.open(context.reads["audio"])
    waveform = audio.waveform(context.load().sample_rate_hz)
    asked = context.parameters.model_dump(exclude_none=True)
    with context.model() as model:
        found: Diarization = model.diarize(waveform, asked, context.progress)
    diarization = found.in_original_time(audio.time_map)
    save_turns(diarization, context)
    return _summary(diarization)


def save_turns(diarization: Diarization, context: StepContext) -> None:
    """Write turns as a step's result, as RTTM too."""
    save(diarization, context.output)
    (context.output / _RTTM_FILE).write_text(to_rttm(diarization.turns, context.input.digits), encoding="utf-8")


def _summary(diarization: Diarization) -> dict[str, Any]:
    seconds = dict.fromkeys(diarization.speakers, 0.0)
    for turn in diarization.turns:
        seconds[turn.speaker] += turn.duration_s
    return {
        "speakers": len(seconds),
        "turns": len(diarization.turns),
        "speech_s": {speaker: round(spoken_s, 3) for speaker, spoken_s in seconds.items()},
        "overlap_s": round(overlap_s(diarization.turns), 3),
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """One row of `segments` for each turn."""
    diarization = artifact.read(Diarization)
    return {
        "segments": [
            {
                "kind": "turn",
                "position": position,
                "start_s": turn.start_s,
                "end_s": turn.end_s,
                "speaker": turn.speaker,
            }
            for position, turn in enumerate(diarization.turns)
        ]
    }


STEP = StepDefinition(
    name="diarization",
    description="Finds who speaks when, overlapping speech included where the model can.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.TURNS,),
    parameters=DiarizationParameters,
    run=run,
    packages=SAMPLES,
    surface="diarization",
    tables=tables,
)
