"""Prompt files: `prompts/<task>_<version>.yaml`, Jinja templates. A version is never changed, only followed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab.names import unknown_name
from modellab.outside import read_yaml

_FOLDER = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is told and asked."""

    system: str
    user: str


def render_prompt(task: str, version: str, **values: Any) -> Prompt:
    """The prompt of a task and version, filled in.

    Raises:
        UnknownName: there is no such version.
    """
    from jinja2 import Environment, StrictUndefined

    path = _FOLDER / f"{task}_{version}.yaml"
    if not path.is_file():
        known = [file.stem.removeprefix(f"{task}_") for file in sorted(_FOLDER.glob(f"{task}_*.yaml"))]
        raise unknown_name(f"prompt version of {task}", version, known)
    content = read_yaml(path)
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # text, not HTML
    return Prompt(content["system"].strip(), environment.from_string(content["user"]).render(values).strip())
