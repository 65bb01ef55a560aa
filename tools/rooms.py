"""The rooms of the code and who imports whom, read from the code itself.

A room is a folder of `modellab/`; the modules right in `modellab/` are one room, the foundation, and so is each other
top-level package.
"""

import ast
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("modellab", "models", "resources", "assets", "modellab_dagster")
"""In the order in which imports run down: each may import those before it."""
FOUNDATION = "foundation"


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """One module that imports another, anywhere in its code."""

    importer: str
    imported: str
    """A module of the project, or the name of another package's module."""
    line: int


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Dotted name of every module of the packages -> its file."""
    files = (file for package in PACKAGES for file in sorted((root / package).rglob("*.py")))
    return {".".join(_parts(file.relative_to(root))): file for file in files}


def _parts(file: Path) -> tuple[str, ...]:
    return file.parent.parts if file.name == "__init__.py" else file.with_suffix("").parts


@cache
def imports(root: Path = ROOT) -> list[Import]:
    """Every import there is: of types only and inside functions too."""
    known = modules(root)
    return sorted(
        {
            Import(name, f"{base}.{part}" if f"{base}.{part}" in known else base, node.lineno)
            for name, file in known.items()
            for node in ast.walk(ast.parse(file.read_text()))
            for base, part in _named(node)
        }
    )


def _named(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((node.module or "", alias.name) for alias in node.names)


def room(module: str) -> str:
    """The room that a module of the project is in."""
    package, *inside = module.split(".")
    if package != "modellab":
        return package
    return inside[0] if inside and (ROOT / package / inside[0]).is_dir() else FOUNDATION


def between_rooms(found: list[Import]) -> dict[str, dict[str, list[Import]]]:
    """Room -> room it imports -> where."""
    rooms: dict[str, dict[str, list[Import]]] = {room(module): {} for module in modules()}
    for one in found:
        if one.imported.partition(".")[0] in PACKAGES and room(one.importer) != room(one.imported):
            rooms[room(one.importer)].setdefault(room(one.imported), []).append(one)
    return rooms


def circle(rooms: Mapping[str, Set[str]]) -> list[str]:
    """A way from a room back to itself along imports, its first room named again at its end; empty without one."""
    done: set[str] = set()
    for start in sorted(rooms):
        if found := _back(start, rooms, [], done):
            return found
    return []


def _back(here: str, rooms: Mapping[str, Set[str]], way: list[str], done: set[str]) -> list[str]:
    if here in way:
        return [*way[way.index(here) :], here]
    if here in done:
        return []
    for other in sorted(rooms.get(here, ())):
        if found := _back(other, rooms, [*way, here], done):
            return found
    done.add(here)
    return []
