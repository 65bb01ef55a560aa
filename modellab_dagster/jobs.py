"""One job per pipeline template: it runs the template's steps and checks. With what models, the partition says.

Templates are read when this module is: of those that the lab's user makes later the UI knows after a reload.
"""

import dagster as dg

from modellab.pipeline.attached import with_attached
from modellab.pipeline.system import System, scorers_of
from modellab.pipeline.template import Template
from modellab.pipeline.user_templates import all_templates
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.catalogue import get_step

_TEMPLATES = {
    name: with_attached(template) for name, template in all_templates(Lab.from_environment(), ModelRegistry()).items()
}

STEPS_BY_JOB = {name: frozenset(step.step for step in template.steps) for name, template in _TEMPLATES.items()}
"""Name of a job -> the steps that it runs."""

_SCORERS_BY_JOB = {
    name: [scorer.name for scorer in scorers_of([get_step(step.step) for step in template.steps])]
    for name, template in _TEMPLATES.items()
}


def _described(template: Template) -> str:
    """What the job's page says: what it does, and with which systems."""
    steps = STEPS_BY_JOB[template.name]
    others = [name for name, its in STEPS_BY_JOB.items() if steps <= its and name != template.name]
    fits = f" Others that have all its steps: {', '.join(f'`{name}`' for name in others)}." if others else ""
    return (
        f"{template.description}\n\n"
        f"The system that belongs to it is `{template.name}`; with another model, `{template.name}+STEP=MODEL`.{fits}"
        " A system does those of its steps that this job has; one"
        " that has none of them is refused. The asset `systems` lists what fits which job, and what can't run here."
    )


JOBS = [
    dg.define_asset_job(
        template.name,
        selection=dg.AssetSelection.assets(*STEPS_BY_JOB[template.name], *_SCORERS_BY_JOB[template.name]),
        description=_described(template),
    )
    for template in _TEMPLATES.values()
]


def job_of(system: System) -> str | None:
    """Name of the job that runs just a system's steps.

    None for a model's own system, and for a template that was made or got other steps since templates were read.
    """
    template = _TEMPLATES.get(system.template)
    steps = {step.step for step in template.steps} if template else set()
    return system.template if steps == {step.name for step in system.steps} else None
