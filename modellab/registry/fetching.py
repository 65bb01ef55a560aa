"""Bringing weights onto this machine before they are needed: what is here, what is to come, and how else it is had."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from modellab.disk import require_space
from modellab.errors import LabError, UsageError, WeightsMissing
from modellab.names import one_of
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.environments import Environments
from modellab.registry.hub_files import CACHE_VARIABLE, HubFile, Told, cache, missing_bytes
from modellab.registry.identity import runtime_version
from modellab.registry.registry import ModelRegistry
from modellab.registry.remedies import remedies
from modellab.registry.services import address_of
from modellab.registry.weight_sources import FoundWeights, NotFound
from modellab.registry.weights import WeightStore
from modellab.settings import Lab
from modellab.surfaces.names import SURFACES

Status = Literal["present", "fetched", "nothing"]


@dataclass(frozen=True, slots=True)
class Here:
    """A variant that lacks no weights."""

    ref: ModelRef
    status: Status
    """Of one without weights of its own here: nothing."""
    said: str
    """Where they are; or why there is nothing to fetch."""
    files: int = 0
    bytes: int = 0
    lacks: str = ""
    """What else it needs before it runs, and what to do: its packages, its environment; empty where nothing."""


@dataclass(frozen=True, slots=True)
class ToFetch:
    """A variant that the hub gives."""

    ref: ModelRef
    files: tuple[HubFile, ...]

    @property
    def bytes(self) -> int:
        """What this machine lacks of it now."""
        return missing_bytes(self.files)

    @property
    def repositories(self) -> str:
        return ", ".join(dict.fromkeys(file.repository for file in self.files))


def chosen(
    registry: ModelRegistry, names: Sequence[str], *, every_variant: bool = False, surface: str | None = None
) -> list[ModelRef]:
    """The variants that are meant, each once.

    Args:
        names: `id` (its default variant), `id:variant` or an alias.
        every_variant: of the ids.
        surface: instead of names, the default variants of all models with it.

    Raises:
        UsageError: nothing is named, or both; or a variant, where every one of an id is meant.
        UnknownName: there is no such model, variant or surface.
        ModelConfigError: its config is not valid.
    """
    if surface is not None:
        one_of("surface", surface, SURFACES)
        if names or every_variant:
            raise UsageError("a surface stands for its models", hint="Name models, or a surface.")
        return [registry.resolve(name)[1] for name in registry.select(surface=surface)]
    if not names:
        raise UsageError("no model is named", hint="Name some, as ID or ID:VARIANT, or a surface.")
    if not every_variant:
        return list(dict.fromkeys(registry.resolve(name)[1] for name in names))
    if single := [name for name in names if ":" in name or (name not in registry.ids() and registry.knows(name))]:
        raise UsageError(
            "every variant is that of an id",
            found=", ".join(single),
            hint="Name ids, without variants, or leave out --all.",
        )
    return [
        ModelRef(id=name, variant=variant) for name in dict.fromkeys(names) for variant in registry.get(name).variants
    ]


class Fetching:
    """Fetches weights for one lab."""

    def __init__(self, lab: Lab, registry: ModelRegistry) -> None:
        self._registry, self._settings = registry, lab.settings
        self._store = WeightStore(lab, registry)
        self._environments = Environments(lab.environments)

    def look(self, ref: ModelRef) -> Here | ToFetch:
        """What is to be done for a variant. Asks the hub what it would give, and downloads nothing.

        Raises:
            WeightsMissing: no weights are here, and the hub does not give them; what to do instead.
            WeightsCorrupt: they are here, and not those that the config names.
        """
        config = self._registry.get(ref.id)
        if nothing := self._nothing(config, ref):
            elsewhere = config.service is not None or ref.id in dict(self._settings.remote_models)
            return Here(ref, "nothing", nothing, lacks="" if elsewhere else self._lacks(config, ref))
        looked = self._store.look(config, ref)
        if isinstance(looked, FoundWeights):
            return self._here(config, ref, looked, "present")
        files = self._store.hub_files(config, ref)
        if isinstance(files, NotFound):
            if not self._is_in_hub(config, ref):
                ways = remedies(config, ref, self._settings)
                raise WeightsMissing(
                    f"the weights of {ref} are in no hub repository that they could be fetched from", hint=ways
                )
            raise self._store.missing(config, ref, [*looked, files])
        return ToFetch(ref, tuple(files))

    def require_room(self, meant: Iterable[ToFetch]) -> None:
        """Refuse, before anything is downloaded, what the disk of the hub's cache can't hold together.

        Raises:
            StorageError: there is less free.
        """
        if needed := missing_bytes(file for one in meant for file in one.files):
            require_space(cache(), needed, "what is to be downloaded", CACHE_VARIABLE)

    def fetch(self, one: ToFetch, told: Told) -> Here:
        """Download what this machine lacks of a variant, going on from what came before, and check it.

        Args:
            told: called with the bytes that have come.

        Raises:
            WeightsMissing: the hub does not give it, or the connection was lost.
            WeightsCorrupt: what came is not what the config names, or the hub.
            StorageError: the disk has no room for it, or refuses.
        """
        config = self._registry.get(one.ref.id)
        status: Status = "fetched" if one.bytes else "present"  # another variant may have brought it meanwhile
        return self._here(config, one.ref, self._store.find(config, one.ref, told), status)

    def _here(self, config: ModelConfig, ref: ModelRef, found: FoundWeights, status: Status) -> Here:
        self._store.check(ref, found)
        return Here(ref, status, found.source, len(found.files), found.bytes, self._lacks(config, ref))

    def _nothing(self, config: ModelConfig, ref: ModelRef) -> str:
        """Why a variant has nothing to fetch; empty where it has."""
        variant = config.variants[ref.variant]
        if server := dict(self._settings.remote_models).get(ref.id):
            return f"runs on {server}, which has its weights"
        if config.service is not None:
            return f"is a service at {address_of(config.service)}; it takes a key: {config.service.key_variable}"
        if variant.given is not None:
            return f"has its weights in a folder that is named where it is used: {variant.given.wanted}"
        if not variant.has_weights:
            return "has no weights"
        return ""

    def _is_in_hub(self, config: ModelConfig, ref: ModelRef) -> bool:
        variant = config.variants[ref.variant]
        if variant.hub is not None:
            return True
        if variant.rebuilt is None:
            return False
        try:
            origin, of = self._registry.resolve(variant.rebuilt.origin)
        except LabError:
            return False
        return origin.variants[of.variant].hub is not None

    def _lacks(self, config: ModelConfig, ref: ModelRef) -> str:
        try:
            environment = self._environments.of(config, self._registry.folder(config.id))
            runtime_version(config, ref.variant, environment)
        except LabError as error:
            return str(error)
        return ""
