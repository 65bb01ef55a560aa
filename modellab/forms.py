"""YAML files that people write, as typed objects: read with limits, and every problem named at once."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from modellab.errors import LabError, TextRefused
from modellab.outside import read_yaml

M = TypeVar("M", bound=BaseModel)


def read_form(path: Path, model: type[M], error: type[LabError], refused: str, page: str) -> M:
    """What the file says.

    Args:
        error: what is raised.
        refused: what a file that is not valid is told: `is not a valid use case`.
        page: where the form is described: `docs/use-cases.md`.

    Raises:
        LabError: of the type `error`: not readable, not YAML, or not valid. Names every problem.
    """
    try:
        return model.model_validate(read_yaml(path))
    except ValidationError as invalid:
        raise error(f"{path} {refused}", found=problems(invalid), hint=f"{page} shows the form.") from invalid
    except TextRefused as unread:
        raise unread.become(error) from unread
    except OSError as unread:
        raise error(f"{path} can't be read", found=unread.strerror) from unread


def problems(error: ValidationError) -> list[str]:
    """Every problem in a line: where, and what."""
    return [
        f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg'].removeprefix('Value error, ')}"
        for one in error.errors()
    ]
