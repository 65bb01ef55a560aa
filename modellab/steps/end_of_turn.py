"""The end_of_turn step: at each pause, whether whoever stopped speaking had done."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.media.audio import TimeMap, Waveform
from modellab.media.canonical import CanonicalAudio
from modellab.speech.pauses import Stop, stops
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import Diarization, SpeechSegments
from modellab.surfaces.turn_ends import Pause, TurnEnds

_DIGITS = 4


class EndOfTurnParameters(StepParameters):
    """What is a pause, and when a turn counts as over. The defaults are those of the makers of smart-turn."""

    threshold: float = Field(0.5, gt=0, lt=1, description="probability from which a turn is over")
    min_pause_ms: int = Field(200, ge=0, le=5000, description="who goes on sooner did not pause")
    listen_ms: int = Field(200, ge=0, le=5000, description="how much of the pause the model hears before it decides")


def run(context: StepContext) -> Mapping[str, Any]:
    """Ask at each pause, going by what that person said since somebody else last began to speak.

    The model hears the canonical audio, mixed to mono at its rate, as a listener would who must decide `listen_ms`
    after the speech ends: nothing later. Where somebody speaks sooner, silence stands in for what comes.
    """
    assert isinstance(context.parameters, EndOfTurnParameters)
    parameters = context.parameters
    audio = CanonicalAudio.open(context.reads["audio"])
    waveform = audio.waveform(context.load().sample_rate_hz)
    duration_s = audio.time_map.original_duration_s
    turns = context.reads.get("turns")
    asked = stops(
        context.reads["speech"].read(SpeechSegments).segments,
        turns.read(Diarization).turns if turns else None,
        min_pause_s=parameters.min_pause_ms / 1000,
        duration_s=duration_s,
    )
    pauses: list[Pause] = []
    with context.model() as model:
        for number, stop in enumerate(asked, start=1):
            heard = heard_at(stop, waveform, audio.time_map, model.window_s, parameters.listen_ms / 1000)
            probability = round(float(model.end_of_turn(heard)), _DIGITS)
            over = probability >= parameters.threshold
            pauses.append(Pause(stop.at_s, probability, over, round(heard.duration_s, 3), stop.speaker))
            context.progress(number / len(asked))
    ends = TurnEnds(pauses, duration_s)
    save(ends, context.output)
    return {"pauses": len(ends.pauses), "over": len(ends.over), "told_apart": turns is not None}


def heard_at(stop: Stop, waveform: Waveform, time_map: TimeMap, window_s: float, listen_s: float) -> Waveform:
    """What a model hears when somebody has stopped: at most `window_s`, of which the end is `listen_s` of the pause.

    Args:
        waveform: the processed audio; `time_map` says where in it the times of `stop` are.
    """
    rate = waveform.sample_rate_hz
    at = round(time_map.to_processed(stop.at_s) * rate)
    first = max(round(time_map.to_processed(stop.since_s) * rate), at + round((listen_s - window_s) * rate), 0)
    until = min(at + round(listen_s * rate), round(time_map.to_processed(stop.quiet_until_s) * rate))
    samples = waveform.samples[first : max(at, until)]
    wanted = at + round(listen_s * rate) - first
    return Waveform(np.pad(samples, (0, max(0, wanted - len(samples)))), rate)


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `pauses` for each pause."""
    return {
        "pauses": [
            {
                "position": position,
                "at_s": one.at_s,
                "speaker": one.speaker,
                "probability": one.probability,
                "is_over": one.over,
                "heard_s": one.heard_s,
            }
            for position, one in enumerate(artifact.read(TurnEnds).pauses)
        ]
    }


STEP = StepDefinition(
    name="end_of_turn",
    description="Says of each pause whether whoever stopped speaking had done.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO), Read("speech", Kind.SPEECH), Read("turns", Kind.TURNS, required=False)),
    gives=(Kind.TURN_ENDS,),
    parameters=EndOfTurnParameters,
    run=run,
    packages=SAMPLES,
    surface="end_of_turn",
    tables=tables,
)
