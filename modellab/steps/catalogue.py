"""Every step there is, in pipeline order. Adding a step means adding its module and a line here.

The order is that in which steps run, wherever they run: one reads what those before it give, and never those after it.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from modellab.names import unknown_name
from modellab.steps import (
    action_items,
    alignment,
    asr,
    bundle,
    channels,
    chapters,
    classify,
    dialogue,
    diarization,
    embed,
    end_of_turn,
    enhance,
    hallucinations,
    ingest,
    known_voices,
    music_transcription,
    separate,
    summarize,
    translate,
    tts,
    vad,
    voice_to_voice,
)
from modellab.steps.definition import Read, StepDefinition
from modellab.steps.reads import latest_first
from modellab.steps.scorers import SCORERS

STEPS: tuple[StepDefinition, ...] = (
    ingest.STEP,
    tts.STEP,
    separate.STEP,
    enhance.STEP,
    vad.STEP,
    channels.STEP,
    asr.STEP,
    translate.STEP,
    diarization.STEP,
    classify.STEP,
    embed.STEP,
    known_voices.STEP,
    music_transcription.STEP,
    end_of_turn.STEP,
    voice_to_voice.STEP,
    alignment.STEP,
    dialogue.STEP,
    hallucinations.STEP,
    chapters.STEP,
    summarize.STEP,
    action_items.STEP,
    bundle.STEP,
)


@cache
def definitions() -> dict[str, StepDefinition]:
    """Name -> step or scorer, in the order in which they run: all that has results."""
    return {step.name: step for step in (*STEPS, *SCORERS)}


@cache
def steps_by_name() -> dict[str, StepDefinition]:
    """Name -> step that a pipeline can have, in pipeline order."""
    return {step.name: step for step in STEPS}


def get_step(name: str) -> StepDefinition:
    """A step by name.

    Raises:
        UnknownName: there is none of that name.
    """
    steps = steps_by_name()
    if name not in steps:
        raise unknown_name("step", name, steps)
    return steps[name]


def step_for_surface(surface: str) -> StepDefinition | None:
    """The step that runs a surface's models, if this version has one."""
    return next((step for step in STEPS if step.model_surface == surface), None)


def only_measuring(names: Iterable[str]) -> set[str]:
    """Those of a pipeline's steps that measure what others of them give (`StepDefinition.measured_by`)."""
    known = steps_by_name()
    return {measuring for name in names if name in known for measuring in known[name].measured_by}


def can_fill(read: Read, step: StepDefinition, steps: Sequence[StepDefinition] | None = None) -> list[str]:
    """The steps that can fill one of a step's reads, the last in pipeline order first.

    Args:
        steps: all there are, in pipeline order; those of the lab when not given.
    """
    known = STEPS if steps is None else steps
    names = [other.name for other in known]
    before = known[: names.index(step.name)] if step.name in names else known
    return [other.name for other in latest_first(read.kind, before)]
