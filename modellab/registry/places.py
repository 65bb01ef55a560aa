"""Where model folders lie: in the checkout, in folders that a setting names, in installed packages."""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from modellab.errors import ModelConfigError
from modellab.installed import package_folders
from modellab.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "models"
GROUP = "modellab.models"
"""Entry points of packages that bring models: the value is the package in which their folders lie."""
VARIABLE = "MODELLAB_MODELS"
CONFIG = "config.yaml"
"""What makes a folder a model's."""
_CHECKOUT = "Model Lab"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of model folders."""

    folder: Path
    origin: str
    """Who put it there, for people: `Model Lab`, `MODELLAB_MODELS`, `package acme-models 1.2`."""
    package: str | None = None
    """Importable package that the folder is; None for one that is a package of nobody's."""

    @property
    def ours(self) -> bool:
        """Whether it is the checkout's."""
        return self.folder == MODELS

    @property
    def said(self) -> str:
        """Origin and folder, for people."""
        return self.origin if self.ours else f"{self.origin} ({self.folder})"

    def module(self, model_id: str, stem: str) -> ModuleType:
        """A module of a model's folder, imported as part of a package, so that it may import what lies beside it.

        Raises:
            ImportError: importing it failed; whatever else its code raises.
        """
        name = f"{self._importable()}.{model_id}.{stem}"
        if name not in sys.modules:
            importlib.invalidate_caches()  # files may have been written since the folder was last looked at
        return importlib.import_module(name)

    def _importable(self) -> str:
        """The package's name, importable from now on."""
        if self.package is None:
            name = f"modellab_models_{hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]}"
            if name not in sys.modules:
                made = ModuleType(name, f"The models in {self.folder}.")
                made.__path__ = [str(self.folder)]
                sys.modules[name] = made
            return name
        top = self.package.partition(".")[0]
        if not package_folders(top):
            # An environment of a model's own does not have the package that the model's folder came in.
            sys.meta_path.append(_Found(top, self.folder.parents[self.package.count(".")]))
        return self.package


class _Found(MetaPathFinder):
    """Finds one package at the top level in the one folder that has it, and nothing else of that folder."""

    def __init__(self, name: str, within: Path) -> None:
        self._name, self._within = name, within

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, [str(self._within)]) if name == self._name else None


@dataclass(frozen=True, slots=True)
class NoPlace:
    """A place that was named and can't be looked at."""

    named: str
    error: ModelConfigError


def place_of(folder: Path) -> Place:
    """A folder as a place of models."""
    return CHECKOUT if folder == MODELS else Place(folder, "folder")


CHECKOUT = Place(MODELS, _CHECKOUT, MODELS.name)


def places(named: Iterable[Path]) -> tuple[list[Place], list[NoPlace]]:
    """Every place, the checkout first, then those that the setting names, then packages'; and those that are none.

    A folder that is named twice, or by both, is there once.

    Args:
        named: `MODELLAB_MODELS`.
    """
    found: dict[Path, Place] = {}
    broken: list[NoPlace] = []
    for place in (CHECKOUT, *_folders(named), *_packages()):
        if isinstance(place, NoPlace):
            broken.append(place)
        else:
            found.setdefault(place.folder.resolve(), place)
    return list(found.values()), broken


def model_places(looked_at: Iterable[Place]) -> dict[str, list[Place]]:
    """Id -> the places that have a model's folder of that name, in order; more than one is a clash."""
    found: dict[str, list[Place]] = {}
    for place in looked_at:
        for path in place.folder.glob(f"*/{CONFIG}"):
            found.setdefault(path.parent.name, []).append(place)
    return dict(sorted(found.items()))


def _folders(named: Iterable[Path]) -> Iterator[Place | NoPlace]:
    for folder in named:
        if not folder.is_absolute():
            told = f"{VARIABLE} names the folder {folder}, which begins nowhere"
            hint = f"Write its whole path, such as {Path.home() / 'models'}."
        elif not folder.is_dir():
            told = f"{VARIABLE} names the folder {folder}, and there is none"
            hint = f"Make it, or take it out of {VARIABLE}."
        else:
            yield Place(folder, VARIABLE)
            continue
        yield NoPlace(str(folder), ModelConfigError(told, hint=hint))


@cache
def _packages() -> tuple[Place | NoPlace, ...]:
    """As they were when this process first asked: what it has imported stays."""
    return tuple(map(_package, importlib.metadata.entry_points(group=GROUP))) if _any_entry_points() else ()


def _any_entry_points() -> bool:
    """Whether any installed package may have an entry point of the group: asking which reads the files of all."""
    for entry in map(Path, sys.path):
        if entry.is_file():
            return True  # a zip file: whoever can look into it may
        for file in (*entry.glob("*.dist-info/entry_points.txt"), *entry.glob("*.egg-info/entry_points.txt")):
            if GROUP.encode() in file.read_bytes():
                return True
    return False


def _package(point: importlib.metadata.EntryPoint) -> Place | NoPlace:
    """The folder of an entry point's package, found without importing it."""
    of = f"package {point.dist.name} {point.dist.version}" if point.dist else f"entry point {point.name}"
    top, *further = point.value.split(".")
    beside = [base.joinpath(*further) for base in package_folders(top)]
    folder = next((one for one in beside if one.is_dir()), None)
    if folder is None:
        what = f"{of} says that its models lie in the package {point.value}, and there is none"
        hint = f"Correct its entry point {point.name} of the group {GROUP}: it names a package, such as acme_models."
        return NoPlace(point.value, ModelConfigError(what, hint=hint))
    # A package may lie in a folder of another name: then it is no package to whoever has not installed it.
    named = folder.parts[-len(further) - 1 :] == (top, *further)
    return Place(folder, of, point.value if named else None)
