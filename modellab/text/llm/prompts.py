"""Prompt files: `prompts/<task>_<version>.yaml`, Jinja templates. A version is never changed, only followed."""

import hashlib
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


def render_prompt(task: str, version: str, *, transcript: str, **values: Any) -> Prompt:
    """The prompt of a task and version, filled in.

    The transcript is marked as what was said, not what is asked: the lines around it hold a digest of it, which no
    words in it can know.

    Args:
        transcript: its lines.

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
    given = {**values, "transcript": transcript, "boundary": hashlib.sha256(transcript.encode()).hexdigest()[:16]}
    system, user = (environment.from_string(content[part]).render(given).strip() for part in ("system", "user"))
    return Prompt(system, user)
