"""Steps that every pipeline has which gives what they require, without naming them (`StepDefinition.attached`)."""

from dataclasses import replace

from modellab.pipeline.template import Template, TemplateStep
from modellab.steps.catalogue import STEPS, steps_by_name
from modellab.steps.definition import StepDefinition
from modellab.steps.reads import latest_first


def with_attached(template: Template) -> Template:
    """A template with the attached steps that it does not name, each before the first of those that run after it.

    A name that no step has is left for whoever fills the template to refuse.
    """
    steps = list(template.steps)
    for attached in (step for step in STEPS if step.attached):
        if any(step.step == attached.name for step in steps):
            continue
        later = {step.name for step in STEPS[STEPS.index(attached) + 1 :]}
        place = next((number for number, step in enumerate(steps) if step.step in later), len(steps))
        if _is_fed(attached, steps[:place]):
            steps.insert(place, TemplateStep(step=attached.name))
    return replace(template, steps=tuple(steps))


def _is_fed(step: StepDefinition, before: list[TemplateStep]) -> bool:
    known = steps_by_name()
    definitions = [known[one.step] for one in before if one.step in known]
    return all(latest_first(read.kind, definitions) for read in step.reads if read.required)
