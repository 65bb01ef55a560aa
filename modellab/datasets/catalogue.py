"""The datasets there are: manifests that come with Model Lab, and those in the lab's home."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modellab.datasets.loading import MANIFEST, dataset_of, read_manifest
from modellab.datasets.manifest import Manifest
from modellab.errors import DatasetError
from modellab.names import unknown_name
from modellab.settings import PROJECT_ROOT, Lab

SHIPPED = PROJECT_ROOT / "datasets"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A manifest, and where it lies."""

    manifest: Manifest
    file: Path
    is_shipped: bool

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def folder(self) -> Path:
        """Beside which its files lie."""
        return self.file.parent


@dataclass(frozen=True, slots=True)
class BrokenManifest:
    """A manifest that can't be read, is not valid, or whose id is taken."""

    dataset: str
    """The id that the file's place gives it."""
    file: Path
    error: DatasetError


class Catalogue:
    """The datasets of a lab.

    Manifests are read when they are first asked for. One that is broken stands in nobody's way: lists leave it out,
    `broken` names it, and only who asks for it gets its error.
    """

    def __init__(self, lab: Lab, shipped: Path = SHIPPED) -> None:
        self._shipped, self._own = shipped, lab.datasets
        self._read: dict[str, Dataset | DatasetError] = {}

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        """Id -> its manifests, the one that counts first."""
        files: dict[str, list[Path]] = {}
        for root in (self._shipped, self._own):
            for path in sorted((*root.glob("*.yaml"), *root.glob(f"*/{MANIFEST}"))):
                files.setdefault(dataset_of(path), []).append(path)
        return dict(sorted(files.items()))

    def ids(self) -> list[str]:
        """Ids of all datasets, in order, broken ones too: their names are taken."""
        return list(self._files)

    def get(self, dataset: str) -> Dataset:
        """The dataset of an id.

        Raises:
            UnknownName: there is none; names the nearest.
            DatasetError: its manifest can't be read, is not valid, or there are two.
        """
        if dataset not in self._files:
            raise unknown_name("dataset", dataset, self._files, listed_by="modellab datasets list")
        if dataset not in self._read:
            self._read[dataset] = self._load(self._files[dataset])
        found = self._read[dataset]
        if isinstance(found, DatasetError):
            raise found
        return found

    def all(self) -> Iterator[Dataset]:
        """All datasets but the broken ones, in order of their ids."""
        for dataset in self.ids():
            try:
                yield self.get(dataset)
            except DatasetError:
                continue  # `broken` names it, and whoever uses it hears of it

    def broken(self) -> list[BrokenManifest]:
        """Every manifest that can't be used, and why."""
        found = []
        for dataset, (first, *others) in self._files.items():
            try:
                self.get(dataset)
            except DatasetError as error:
                found.append(BrokenManifest(dataset, first, error))
                continue
            found += (BrokenManifest(dataset, path, _taken(dataset, path, first)) for path in others)
        return found

    def _load(self, files: list[Path]) -> Dataset | DatasetError:
        first, *others = files
        is_shipped = first.is_relative_to(self._shipped)
        # Of one root neither comes first; a shipped one always does.
        if twice := [path for path in others if path.is_relative_to(self._shipped) == is_shipped]:
            return _taken(dataset_of(first), twice[0], first)
        try:
            return Dataset(read_manifest(first), first, is_shipped)
        except DatasetError as error:
            return error


def _taken(dataset: str, path: Path, by: Path) -> DatasetError:
    return DatasetError(
        f"the dataset id {dataset!r} of {path} is taken",
        found=str(by),
        hint="Give one of them another id (and rename its file or folder).",
    )
