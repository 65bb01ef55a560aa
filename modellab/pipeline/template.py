"""Pipeline templates: `pipelines/<name>.yaml`, ordered steps with parameters and model slots."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modellab.errors import TemplateError, TextRefused
from modellab.names import unknown_name
from modellab.outside import read_yaml
from modellab.settings import PROJECT_ROOT

TEMPLATES = PROJECT_ROOT / "pipelines"
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
NAME_RULE = "a small letter, then small letters, digits and _"


class TemplateStep(BaseModel):
    """One step of a template."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    model: str | None = Field(None, description="`id` or `id:variant`")
    parameters: dict[str, Any] = Field(default_factory=dict)


class TemplateFile(BaseModel):
    """What a template's file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    steps: list[TemplateStep] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Template:
    """A pipeline: its steps in order."""

    name: str
    description: str
    steps: tuple[TemplateStep, ...]
    path: Path | None = None
    """The file it was read from; None for a model's own."""

    @property
    def shipped(self) -> bool:
        """Whether it comes with Model Lab, rather than from a lab's home or a model."""
        return self.path is not None and self.path.parent == TEMPLATES


def load_template(path: Path) -> Template:
    """Read and validate one template file.

    Raises:
        TemplateError: not readable, not YAML, or not a template; names every problem at once.
    """
    try:
        content = TemplateFile.model_validate(read_yaml(path))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise TemplateError(
            f"template {path} is not valid: {problems}", hint=f"For lines: modellab pipelines validate {path}"
        ) from error
    except TextRefused as error:
        raise error.become(TemplateError, "template ") from error
    except OSError as error:
        raise TemplateError(f"template {path} can't be read: {error}") from error
    if content.name != path.stem or not NAME.match(content.name):
        raise TemplateError(
            f"template {path} has the wrong name", found=content.name, allowed=f"{path.stem} ({NAME_RULE})"
        )
    return Template(content.name, content.description, tuple(content.steps), path)


@cache
def shipped_templates(folder: Path = TEMPLATES) -> dict[str, Template]:
    """Every template in a folder, by name."""
    templates = (load_template(path) for path in sorted(folder.glob("*.yaml")))
    return {template.name: template for template in templates}


def get_template(name: str) -> Template:
    """A shipped template by name.

    Raises:
        UnknownName: there is none of that name; says the nearest ones.
    """
    templates = shipped_templates()
    if name not in templates:
        raise unknown_name("pipeline", name, templates)
    return templates[name]
