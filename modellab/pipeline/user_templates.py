"""Templates of a lab's user: `<home>/pipelines/<name>.yaml`, beside those that come with Model Lab.

A name means one thing. Shipped templates and models come first; a user's file of such a name is never run, and is
reported wherever pipelines are listed. Names are refused when a file is made, so this only happens when a later version
brings a template or model of the same name, or when a file is put there by hand.
"""

from dataclasses import dataclass
from pathlib import Path

from modellab.errors import LabError, TemplateError
from modellab.names import unknown_name
from modellab.pipeline.template import NAME, NAME_RULE, Template, load_template, shipped_templates
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.catalogue import get_step

RESERVED = frozenset(
    {"housekeeping", "regression_sweep", "inbox", "any_steps", "experiment", "sweep", "audit"}
    | {"quarantine", "release", "prune", "promote", "demote"}
)
"""Names of the lab's other Dagster jobs: every template is a job as well."""


@dataclass(frozen=True, slots=True)
class UserTemplates:
    """What lies in a lab's folder of templates."""

    usable: dict[str, Template]
    refused: dict[Path, LabError]
    """Files that are no pipelines, and why; of several reasons the first."""


def user_template_path(lab: Lab, name: str) -> Path:
    """Where the template of that name lies, or would.

    Raises:
        TemplateError: not a name a template can have.
    """
    if not NAME.match(name):
        raise TemplateError(f"{name!r} can't be a pipeline's name", allowed=NAME_RULE)
    return lab.pipelines / f"{name}.yaml"


def user_template_names(lab: Lab) -> list[str]:
    """Names of all files there, in order, usable or not."""
    return sorted(path.stem for path in lab.pipelines.glob("*.yaml"))


def find_user_template(lab: Lab, name: str) -> Template | None:
    """The user's template of a name that is neither a shipped one's nor a model's; None when there is no such file.

    Raises:
        TemplateError: there is one, but it can't be read.
    """
    path = lab.pipelines / f"{name}.yaml"
    return load_template(path) if NAME.match(name) and path.is_file() else None


def user_templates(lab: Lab, registry: ModelRegistry) -> UserTemplates:
    """Every template of the lab's user: readable, of a free name, and made of steps that there are."""
    usable: dict[str, Template] = {}
    refused: dict[Path, LabError] = {}
    for name in user_template_names(lab):
        path = lab.pipelines / f"{name}.yaml"
        try:
            refuse_taken(name, registry)
            template = load_template(path)
            for step in template.steps:
                get_step(step.step)
        except LabError as error:
            refused[path] = error
        else:
            usable[name] = template
    return UserTemplates(usable, refused)


def all_templates(lab: Lab, registry: ModelRegistry) -> dict[str, Template]:
    """Shipped templates and the user's usable ones, by name."""
    return {**shipped_templates(), **user_templates(lab, registry).usable}


def refuse_taken(name: str, registry: ModelRegistry) -> None:
    """Refuse a name that means something already.

    Raises:
        TemplateError: a shipped pipeline, a model or another job of the lab is called so.
    """
    if name in shipped_templates():
        taken_by = "a pipeline that comes with Model Lab, which is the one that runs"
    elif name in registry.ids():
        taken_by = "a model, whose own pipeline is called so"
    elif name in RESERVED:
        taken_by = "another job of the lab"
    else:
        return
    raise TemplateError(
        f"the pipeline name {name!r} is taken", found=taken_by, hint="Choose another name (and rename the file)."
    )


def deletable(lab: Lab, name: str) -> Path:
    """The file of a user's template, readable or not.

    Raises:
        TemplateError: it comes with Model Lab, or is not a name a template can have.
        UnknownName: the lab's user has none of that name.
    """
    path = user_template_path(lab, name)
    if path.is_file():
        return path
    if name in shipped_templates():
        raise TemplateError(
            f"pipeline {name!r} comes with Model Lab and can't be deleted",
            allowed=", ".join(user_template_names(lab)) or "none: there are no pipelines of your own",
        )
    raise unknown_name("pipeline of your own named", name, user_template_names(lab))
