"""Finding the model folders, and answering what is asked of them by name or by property."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from modellab.errors import ModelConfigError
from modellab.names import unknown_name
from modellab.registry.claims import CLAIMS, load_claims
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.places import CONFIG, MODELS, NoPlace, Place, model_places, place_of, places
from modellab.registry.read_before import ReadBefore
from modellab.settings import Lab

__all__ = ["MODELS", "BrokenFile", "ModelRegistry", "Rebuild", "id_in", "surface_in"]
_ADAPTER = "adapter.py"
_REBUILD = "rebuild.py"


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file of a model's folder that can't be read, or is not valid; or a place of models that is none."""

    model: str
    """The id that the folder's name is; empty of a place."""
    file: Path
    error: str


def surface_in(name: str) -> str | None:
    """The surface that a reference to a model names: `embed` in `clap:base@embed`; None where it names none."""
    return name.partition("@")[2] or None


def id_in(name: str) -> str:
    """The model's id in a reference to it."""
    return name.partition("@")[0].partition(":")[0]


class ModelRegistry:
    """The models there are: every subfolder with a `config.yaml` of the places of models is one.

    Configs are read when they are first asked for and adapters imported only to load a model, so a folder that is
    broken, or whose packages are not installed, never stands in the way of another: lists leave it out, `broken` names
    it, and only who uses it gets its error. Two folders of one id are both refused: neither is taken for the other.

    Args:
        folder: the only place to look at; None for all: the checkout, `MODELLAB_MODELS` and installed packages.
        places: the only ones to look at, where there are several.
    """

    def __init__(self, folder: Path | None = None, *, places: Sequence[Place] | None = None) -> None:
        self._given = [place_of(folder)] if folder is not None else places
        self._configs: dict[str, ModelConfig] = {}

    @cached_property
    def _looked(self) -> tuple[Sequence[Place], list[NoPlace]]:
        return places(Lab.from_environment().settings.models) if self._given is None else (self._given, [])

    @cached_property
    def _files(self) -> ReadBefore:
        """Reads YAML. Nothing is kept before there is a home: looking at the models does not make one."""
        lab = Lab.from_environment() if self._given is None else None
        return ReadBefore(lab.models_read if lab and lab.home.is_dir() else None)

    @property
    def places(self) -> Sequence[Place]:
        """Where its models lie."""
        return self._looked[0]

    @cached_property
    def _found(self) -> dict[str, list[Place]]:
        return model_places(self.places)

    def ids(self) -> list[str]:
        """Ids of all models, in order, broken ones too: their names are taken."""
        return list(self._found)

    def place(self, model_id: str) -> Place:
        """Where a model's folder lies; the first of several.

        Raises:
            UnknownName: there is none of that id; names the nearest.
        """
        if model_id not in self._found:
            raise unknown_name("model", model_id, self._found, listed_by="modellab models list")
        return self._found[model_id][0]

    def folder(self, model_id: str) -> Path:
        """A model's folder; the first of several.

        Raises:
            UnknownName: there is none of that id; names the nearest.
        """
        return self.place(model_id).folder / model_id

    def get(self, model_id: str) -> ModelConfig:
        """A model's config.

        Raises:
            UnknownName: there is no model of that id.
            ModelConfigError: its config is not valid, or names another model than its folder; or two places have it.
        """
        if model_id not in self._configs:
            folder = self.folder(model_id)
            if len(clash := self._found[model_id]) > 1:
                raise ModelConfigError(
                    f"there are {len(clash)} models {model_id!r}, and none of them is taken for another",
                    found=[f"{place.folder / model_id} of {place.origin}" for place in clash],
                    hint="Rename the folder, and its id in config.yaml, of all but one.",
                )
            self._configs[model_id] = ModelConfig.from_folder(folder, self._files.read)
        return self._configs[model_id]

    def knows(self, model_id: str) -> bool:
        """Whether it is a model's id, or another id that one of them is known by."""
        return model_id in self._found or self._alias(model_id) is not None

    def _alias(self, model_id: str) -> ModelRef | None:
        """The variant that goes by another id than its model's; a model of that id comes before it.

        Raises:
            ModelConfigError: two models claim it.
        """
        if model_id in self._found:
            return None
        found = []
        for name in self._found:
            try:
                # Most configs need not be parsed for this, and parsing all of them takes a while.
                if model_id in (self.folder(name) / CONFIG).read_text() and model_id in self.get(name).aliases:
                    found.append(ModelRef(id=name, variant=self.get(name).aliases[model_id]))
            except (ModelConfigError, OSError, UnicodeDecodeError):
                continue  # `broken` names it
        if len(found) > 1:
            raise ModelConfigError(f"{model_id!r} is an alias of several models", found=", ".join(map(str, found)))
        return found[0] if found else None

    def configs(self) -> Iterator[ModelConfig]:
        """The configs of all models but the broken ones, in order of their ids."""
        for model_id in self.ids():
            try:
                yield self.get(model_id)
            except ModelConfigError:
                continue  # `broken` names it, and whoever uses it hears of it
        self._files.keep()

    def broken(self) -> list[BrokenFile]:
        """What of the models' folders can't be read: configs, whose models are left out of every list, and claims;
        and places that are none."""
        found = [BrokenFile("", Path(one.named), str(one.error)) for one in self._looked[1]]
        for model_id in self.ids():
            folder = self.folder(model_id)
            try:
                self.get(model_id)
            except ModelConfigError as error:
                found.append(BrokenFile(model_id, folder / CONFIG, str(error)))
            try:
                if (folder / CLAIMS).exists():
                    load_claims(folder, self._files.read)
            except ModelConfigError as error:
                found.append(BrokenFile(model_id, folder / CLAIMS, str(error)))
        self._files.keep()
        return found

    def resolve(self, name: str) -> tuple[ModelConfig, ModelRef]:
        """`id` (its default variant), `id:variant` or an alias as a config and a full reference; each may end in
        `@surface`.

        Raises:
            UnknownName: no such model, no such variant of it, or no such surface.
            ModelConfigError: as for `get`.
        """
        name, _, surface = name.partition("@")
        model_id, separator, variant = name.partition(":")
        if not separator and (alias := self._alias(model_id)):
            model_id, separator, variant = alias.id, ":", alias.variant
        config = self.get(model_id)
        if surface and surface not in config.surfaces:
            raise unknown_name(f"surface of model {model_id!r} named", surface, config.surfaces)
        if not separator:
            variant = config.default_variant
        if variant not in config.variants:
            raise unknown_name(f"variant of model {model_id!r} named", variant, config.variants)
        return config, ModelRef(id=model_id, variant=variant)

    def select(
        self,
        *,
        surface: str | None = None,
        device: str | None = None,
        runtime: str | None = None,
        status: str | None = None,
        ci: bool | None = None,
    ) -> list[str]:
        """Ids of the models that match every property given, in order; a broken one matches nothing."""

        def matches(config: ModelConfig) -> bool:
            wanted: Iterable[tuple[Any, Iterable[Any]]] = (
                (surface, config.surfaces),
                (device, config.devices),
                (runtime, (config.runtime,)),
                (status, (config.status,)),
                (ci, (config.ci,)),
            )
            return all(value is None or value in offered for value, offered in wanted)

        return [config.id for config in self.configs() if matches(config)]

    def adapter_file(self, model_id: str) -> Path:
        """Where a model's adapter is.

        Raises:
            UnknownName: there is no model of that id.
            ModelConfigError: its folder has none.
        """
        path = self.folder(model_id) / _ADAPTER
        if not path.is_file():
            raise ModelConfigError(f"model {model_id!r} has no adapter", hint=f"Write {path} with a function `load`.")
        return path

    def adapter(self, model_id: str) -> ModuleType:
        """A model's adapter module, imported; it offers `load(request: LoadRequest) -> object`.

        Raises:
            UnknownName: there is no model of that id.
            ModelConfigError: the folder has no adapter, or one without `load`.
            ImportError: importing it failed.
        """
        path = self.adapter_file(model_id)
        module = self.module(model_id, _ADAPTER)
        if not callable(getattr(module, "load", None)):
            raise ModelConfigError(f"{path} has no function `load(request)`")
        return module

    def module(self, model_id: str, file: str) -> ModuleType:
        """A module of a model's folder, imported.

        Args:
            file: its name there, such as `adapter.py`.

        Raises:
            UnknownName: there is no model of that id.
            ImportError: importing it failed.
        """
        return self.place(model_id).module(model_id, Path(file).stem)

    def rebuild(self, model_id: str) -> "Rebuild":
        """What makes a model's weights of another's.

        Raises:
            UnknownName: there is no model of that id.
            ModelConfigError: its folder has no `rebuild.py`, or one without `rebuild`.
            ImportError: importing it failed.
        """
        path = self.folder(model_id) / _REBUILD
        module = self.module(model_id, _REBUILD) if path.is_file() else None
        function = getattr(module, "rebuild", None)
        if not callable(function):
            raise ModelConfigError(
                f"model {model_id!r} says that its weights are rebuilt, and nothing rebuilds them",
                hint=f"Write {path} with a function `rebuild(origin, folder, variant)`.",
            )
        made: Rebuild = function
        return made


Rebuild = Callable[[Path, Path, str], None]
"""`rebuild(origin, folder, variant)`: writes the files of a variant into an empty folder, from a folder of the origin's
files; raises WeightsCorrupt where these are not what they should be."""
