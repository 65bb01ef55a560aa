"""One job per pipeline template: it runs the template's steps and checks. With what models, the partition says.

Templates are read when this module is: of those that the lab's user makes later the UI knows after a reload.
"""

import dagster as dg

from modellab.pipeline.system import System
from modellab.pipeline.user_templates import all_templates
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

_TEMPLATES = all_templates(Lab.from_environment(), ModelRegistry())

JOBS = [
    dg.define_asset_job(
        template.name,
        selection=dg.AssetSelection.assets(*(step.step for step in template.steps)),
        description=template.description,
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
