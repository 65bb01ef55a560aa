"""Every step there is, in pipeline order. Adding a step means adding its module and a line here."""

from functools import cache

from modellab.names import unknown_name
from modellab.steps import (
    action_items,
    alignment,
    asr,
    bundle,
    channels,
    chapters,
    diarization,
    enhance,
    ingest,
    separate,
    summarize,
    vad,
)
from modellab.steps.definition import StepDefinition

STEPS: tuple[StepDefinition, ...] = (
    ingest.STEP,
    separate.STEP,
    enhance.STEP,
    vad.STEP,
    channels.STEP,
    asr.STEP,
    diarization.STEP,
    alignment.STEP,
    chapters.STEP,
    summarize.STEP,
    action_items.STEP,
    bundle.STEP,
)


@cache
def steps_by_name() -> dict[str, StepDefinition]:
    """Name -> step, in pipeline order."""
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
    return next((step for step in STEPS if step.surface == surface), None)
