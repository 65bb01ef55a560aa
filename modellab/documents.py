"""Results as JSON documents: any of the lab's dataclasses to JSON and back, with validation."""

from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from modellab.errors import ArtifactCorrupt, TextRefused
from modellab.outside import RESULT, read_bytes

T = TypeVar("T")


class Kept(Protocol):
    """A result that knows the file it is kept in."""

    FILE: ClassVar[str]


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    """Building an adapter costs milliseconds, so each kind has one."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_json(result: Any, *, without_defaults: bool = False) -> str:
    """A result as JSON text (indented by one space: still greppable, little larger).

    Args:
        without_defaults: leave out fields that are at their defaults, so that the text stays the same, and its digest,
            when a later version adds a field.
    """
    return _adapter(type(result)).dump_json(result, indent=1, exclude_defaults=without_defaults).decode()


def dump(result: Any, path: Path) -> None:
    """Write a result as JSON into a folder that nobody sees before it is whole, and synced (`ArtifactStore.commit`)."""
    path.write_text(to_json(result), encoding="utf-8")


def save(result: Kept, folder: Path) -> None:
    """Write a result into a folder, under its own name."""
    dump(result, folder / result.FILE)


def load(kind: type[T], path: Path) -> T:
    """Read a result of a kind from JSON.

    Raises:
        ArtifactCorrupt: the file is not JSON of that kind.
    """
    try:
        result: T = _adapter(kind).validate_json(read_bytes(path, RESULT))
        return result
    except (ValidationError, TextRefused, OSError) as error:
        raise ArtifactCorrupt(f"{path} is not a valid {kind.__name__}", found=str(error).splitlines()[0]) from error
