"""Finding a dataset's files: where they lie on this machine, else fetched from elsewhere, always known by digest."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

from modellab.datasets.download import download, kept_at
from modellab.datasets.named_folders import named_folders, variable_of
from modellab.datasets.places import FilePlace, FolderPlace, HubPlace, Located, PackagePlace, UrlPlace
from modellab.errors import LabError, MediaChanged, MediaMissing, PathRefused
from modellab.files import confine
from modellab.hub import QUESTION_TIMEOUT_S, hub_token, refused_by_hub, unreachable
from modellab.installed import package_folders
from modellab.registry.digests import DigestCache
from modellab.settings import Lab


class Sources:
    """Finds the files that manifests name, for one lab. A hub that can't be reached is asked once. Threads may share
    one, and wait for each other: a file that many cases name is fetched and hashed once."""

    def __init__(self, lab: Lab, folders: Iterable[str] = ()) -> None:
        """Args:
        folders: `NAME=PATH` each, for folders that the user names; they count before the environment.
        """
        self._lab = lab
        self._folders = named_folders(folders, kept_in=lab.datasets)
        self._digests = DigestCache(lab.fetched / "digests")
        self._hub_out_of_reach: str | None = None
        self._one_at_a_time = threading.Lock()

    def find(self, place: Located, beside: Path) -> Path:
        """The file of a place, fetched if need be, once it is sure that it is the one that is stated.

        Args:
            beside: the manifest's folder.

        Raises:
            MediaMissing: it is not there, or can't be fetched: says where it was looked for, and what to do.
            MediaChanged: it is another file.
            PathRefused: it lies outside its folder, through a link.
        """
        with self._one_at_a_time:
            return self._found(place, beside)

    def _found(self, place: Located, beside: Path) -> Path:
        path = self._located(place, beside)
        is_as_kept = not isinstance(path, MediaMissing)
        if isinstance(path, MediaMissing):
            path = self._fetched(place, path)
        if place.sha256 is None or (digest := self._digest(path)) == place.sha256:
            return path
        if is_as_kept and self._may_fetch(place):
            # What was kept is damaged, or of a time when the hub's revision was another.
            if isinstance(place, UrlPlace):
                path.unlink()
            path = self._fetched(place, self._not_fetched(place, "it was another file"))
            digest = self._digest(path)
        if digest != place.sha256:
            raise MediaChanged(
                f"{place} is not the file that the manifest states",
                found=f"SHA-256 {digest} of {path}",
                allowed=place.sha256,
                hint="Put the file that was meant there; or, if it was changed on purpose, state its digest and raise "
                "the dataset's version.",
            )
        return path

    def missing(self, place: Located, beside: Path) -> LabError | None:
        """Why a file can't be had here; None where it is there, or would be fetched. Asks nobody, reads no file."""
        try:
            found = self._located(place, beside)
        except PathRefused as error:
            return error
        if not isinstance(found, MediaMissing) or self._may_fetch(place):
            return None
        return found

    def here(self, place: Located, beside: Path) -> Path | None:
        """Where a file is on this machine already, whatever is in it; None where it is not."""
        try:
            found = self._located(place, beside)
        except PathRefused:
            return None
        return found if isinstance(found, Path) else None

    def _digest(self, path: Path) -> str:
        try:
            return self._digests.of([path])
        except OSError as error:
            raise MediaMissing(f"{path} can't be read", found=error.strerror) from error

    def _located(self, place: Located, beside: Path) -> Path | MediaMissing:
        """Where a file is on this machine, or the error that says that it is not."""
        match place:
            case UrlPlace():
                path = kept_at(self._lab.fetched, place)
                return path if path.is_file() else self._not_fetched(place, "it was not fetched yet")
            case HubPlace():
                return self._in_hub_cache(place)
            case PackagePlace():
                folders = package_folders(place.package)
                hint = f"Install the Python package that has {place.package}."
                if not folders:
                    return MediaMissing(f"{place} is missing", found=f"no package {place.package}", hint=hint)
            case FolderPlace():
                variable = variable_of(place.folder)
                hint = f"Set {variable} to the folder, or give --folder {place.folder}=PATH."
                if variable not in self._folders:
                    return MediaMissing(f"{place} is missing", found=f"{variable} is not set", hint=hint)
                folders = [self._folders[variable]]
            case FilePlace():
                folders, hint = [beside], f"It belongs beside the manifest in {beside}."
        for folder in folders:
            if (path := folder / place.file).is_file():
                # Links in packages and in users' own folders are theirs; a manifest may come from anywhere.
                return path if isinstance(place, PackagePlace | FolderPlace) else confine(path, folder)
        found = [f"no {place.file} in {folder}" for folder in folders]
        return MediaMissing(f"{place} is missing", found=found, hint=hint)

    def _may_fetch(self, place: Located) -> TypeGuard[UrlPlace | HubPlace]:
        if not isinstance(place, UrlPlace | HubPlace) or self._lab.settings.offline_by:
            return False
        return isinstance(place, UrlPlace) or self._hub_out_of_reach is None

    def _fetched(self, place: Located, missing: MediaMissing) -> Path:
        """A file from elsewhere.

        Raises:
            MediaMissing: it can't be had; what was given, where it need not be asked for.
        """
        if not self._may_fetch(place):
            raise missing
        return download(self._lab.fetched, place) if isinstance(place, UrlPlace) else self._from_hub(place)

    def _not_fetched(self, place: UrlPlace | HubPlace, why: str) -> MediaMissing:
        forbidden = self._lab.settings.offline_by
        return MediaMissing(
            f"{place} is missing",
            found=[why, f"{forbidden} forbids asking for it"] if forbidden else why,
            hint=f"Unset {forbidden} to fetch it." if forbidden else None,
        )

    def _in_hub_cache(self, place: HubPlace) -> Path | MediaMissing:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(place.hub, place.file, revision=place.revision, repo_type="dataset")
        if isinstance(found, str):
            return Path(found)
        return self._not_fetched(place, self._hub_out_of_reach or "the Hugging Face cache does not hold it")

    def _from_hub(self, place: HubPlace) -> Path:
        from huggingface_hub import HfApi, hf_hub_download

        token = hub_token(self._lab.settings)
        try:
            # One quick question first, so that a machine without a network is told so after seconds.
            HfApi(token=token).dataset_info(place.hub, revision=place.revision, timeout=QUESTION_TIMEOUT_S)
            return Path(
                hf_hub_download(place.hub, place.file, revision=place.revision, repo_type="dataset", token=token)
            )
        except Exception as error:  # whatever HTTP library the hub's client uses; its words are kept
            why = refused_by_hub(place.hub, error)
            if why is None:
                why = self._hub_out_of_reach = unreachable(error)
            raise MediaMissing(f"{place} can't be fetched", found=f"Hugging Face hub: {why}") from error
