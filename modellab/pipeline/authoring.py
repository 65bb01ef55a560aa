"""Making a template of one's own from a pipeline there is, or from a file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from modellab.errors import TemplateError
from modellab.files import write_atomic
from modellab.outside import read_yaml
from modellab.pipeline.system import fill, template_and_overrides
from modellab.pipeline.template import Template, TemplateFile, TemplateStep
from modellab.pipeline.user_templates import refuse_taken, user_template_path
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

_WIDTH = 120


def derive_template(key: str, changes: Mapping[str, str], name: str, registry: ModelRegistry, lab: Lab) -> Template:
    """A system under a name of its own; its description says what it was made from.

    Args:
        key: a pipeline or a model, with or without overrides.
        changes: slot or `step.parameter` -> value, over those of the key.

    Raises:
        TemplateError: an override, parameter value or order of steps that is not allowed.
        UnknownName: a template, step, model or variant that does not exist.
    """
    base, overrides = template_and_overrides(key, registry, lab)
    overrides |= changes
    settings = ", ".join(f"{slot}={value}" for slot, value in sorted(overrides.items()))
    description = f"Like {base.name}, with {settings}." if settings else f"Like {base.name}."
    return _changed(replace(base, description=description), overrides, name, registry)


def read_draft(path: Path, changes: Mapping[str, str], name: str, registry: ModelRegistry) -> Template:
    """A template from a file in which no problem was found, under a name of its own.

    Raises:
        TemplateError: a change that is not allowed.
        UnknownName: a change with a step, model or variant that does not exist.
    """
    content = TemplateFile.model_validate(read_yaml(path))
    return _changed(Template(name, content.description, tuple(content.steps)), changes, name, registry)


def _changed(base: Template, changes: Mapping[str, str], name: str, registry: ModelRegistry) -> Template:
    """Values come out typed as the step's schema has them: a key and a command line only hold text."""
    system = fill(base, changes, registry)
    steps: list[TemplateStep] = []
    for written in base.steps:
        filled = system.step(written.step)
        assert filled is not None
        values = filled.parameters.model_dump(mode="json")
        set_here = {slot.partition(".")[2] for slot in changes if slot.startswith(f"{written.step}.")}
        model = str(filled.model) if written.step in changes else written.model
        parameters = {**written.parameters, **{parameter: values[parameter] for parameter in set_here}}
        steps.append(TemplateStep(step=written.step, model=model, parameters=parameters))
    return replace(base, name=name, steps=tuple(steps), path=None)


def refuse_name(name: str, lab: Lab, registry: ModelRegistry) -> Path:
    """Where a new template of that name would lie.

    Raises:
        TemplateError: the name can't be one, or means something already.
    """
    path = user_template_path(lab, name)
    refuse_taken(name, registry)
    if path.exists():
        raise TemplateError(
            f"there is a pipeline of your own named {name!r} already",
            found=str(path),
            hint=f"Edit that file, or delete it first: modellab pipelines delete {name}",
        )
    return path


def save_template(template: Template, lab: Lab, registry: ModelRegistry) -> Path:
    """Write a template into the lab's home, whole or not at all; returns its path.

    Raises:
        TemplateError: its name can't be one, or means something already.
    """
    path = refuse_name(template.name, lab, registry)
    write_atomic(path, render_template(template))
    return path


def render_template(template: Template) -> str:
    """A template as its file has it."""
    steps = [step.model_dump(mode="json", exclude_defaults=True) for step in template.steps]
    document = {"name": template.name, "description": template.description, "steps": steps}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=_WIDTH)
