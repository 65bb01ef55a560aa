"""The artifact store: `artifacts/<step>/<fp[:2]>/<fp>/`, written beside its place, synced, then renamed.

A folder that is there was whole when it was made, and is never changed. Disks and people damage some all the same: what
is found is usable (its manifest, and each file with its size), and what is not is moved aside, so that it is made anew.
Another store (object storage, say) would offer the same methods.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from modellab.artifacts.pruned import PrunedResults
from modellab.documents import Kept, load
from modellab.errors import ArtifactCorrupt, ArtifactMissing, TextRefused
from modellab.files import SET_ASIDE, canonical_json, confine, confine_to, sha256_file, staging_folder, sync_path
from modellab.outside import read_json

MANIFEST = "manifest.json"
REMEDY = "`modellab doctor --check-results` moves it aside, and the next run that needs it makes it again."
"""What to do about a result that is damaged."""
_LOCK = ".set-aside.lock"
_SHAPE = {"step": str, "fingerprint": str, "identity": dict, "files": dict, "summary": dict, "made": dict}
"""What a manifest holds, and of which type."""
_log = logging.getLogger(__name__)
K = TypeVar("K", bound=Kept)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished artifact: its folder and its manifest.

    The manifest holds `step`, `fingerprint`, `identity` (the fields of `StepIdentity`), `files` (name -> bytes and
    SHA-256), `summary` (small figures about the result) and `made` (when, where, how long).
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def step(self) -> str:
        return str(self.manifest["step"])

    @property
    def fingerprint(self) -> str:
        return str(self.manifest["fingerprint"])

    @property
    def summary(self) -> Mapping[str, Any]:
        return self.manifest["summary"]  # type: ignore[no-any-return]

    @property
    def content_sha256(self) -> str:
        """SHA-256 over the list of its files with their digests: the same for the same content."""
        return hashlib.sha256(canonical_json(self.manifest["files"]).encode()).hexdigest()

    def file(self, name: str) -> Path:
        """Path of a listed file.

        Raises:
            ArtifactMissing: the manifest does not list it: only listed files are ever served.
        """
        if name not in self.manifest["files"]:
            raise ArtifactMissing(
                f"artifact {self.step}/{self.fingerprint[:16]} has no file {name!r}",
                allowed=", ".join(self.manifest["files"]),
            )
        return confine(self.path / name, self.path)

    def holds(self, kind: type[Kept]) -> bool:
        """Whether it has a result of a kind."""
        return kind.FILE in self.manifest["files"]

    def read(self, kind: type[K]) -> K:
        """Its result of a kind.

        Raises:
            ArtifactMissing: it has none.
            ArtifactCorrupt: its file is not valid.
        """
        return load(kind, self.file(kind.FILE))

    def damage(self) -> str | None:
        """What is wrong with its shape, cheaply: a file that is missing or has another size; None when nothing is."""
        for name, listed in self.manifest["files"].items():
            try:
                facts = (self.path / name).stat()
            except (FileNotFoundError, NotADirectoryError):
                return f"{name} is missing"
            if facts.st_size != listed["bytes"]:
                return f"{name} has {facts.st_size} bytes, not {listed['bytes']}"
        return None

    def verify(self) -> None:
        """Compare every file with the manifest.

        Raises:
            ArtifactCorrupt: a file is missing or differs.
        """
        for name, listed in self.manifest["files"].items():
            path = self.path / name
            found = sha256_file(path) if path.is_file() else "no file"
            if found != listed["sha256"]:
                raise ArtifactCorrupt(
                    f"artifact {self.path}: file {name} does not match its manifest",
                    found=found,
                    allowed=listed["sha256"],
                    hint=REMEDY,
                )


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Every file below a folder, by relative name: its bytes and SHA-256."""
    return {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class ArtifactStore:
    """Artifacts below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pruned = PrunedResults(root)
        self._damaged: dict[tuple[str, str], str] = {}

    def _place(self, step: str, fingerprint: str) -> Path:
        return confine_to(self._resolved / step / fingerprint[:2] / fingerprint, self._resolved)

    @cached_property
    def _resolved(self) -> Path:
        """The store's folder, itself maybe behind links."""
        return self.root.resolve()

    def find(self, step: str, fingerprint: str) -> Artifact | None:
        """The artifact of that name, or None when it has not been made. One that is damaged is moved aside first."""
        place = self._place(step, fingerprint)
        found = _read(place)
        return self._set_aside_if(step, fingerprint, _read) if isinstance(found, str) else found

    def check(self, place: Path) -> str | None:
        """Compare every byte of the artifact in a folder with its manifest, and move it aside if one differs.

        Args:
            place: one of `places()`.

        Returns:
            What is wrong with it; None when nothing is.
        """
        if (damage := _thorough(place)) is None or isinstance(damage, Artifact):
            return None
        self._set_aside_if(place.parent.parent.name, place.name, _thorough)
        return damage

    def set_aside(self, step: str, fingerprint: str, why: str) -> None:
        """Move an artifact aside that is whole, and not what its name says.

        Args:
            why: what is wrong with it.
        """
        self._set_aside_if(step, fingerprint, lambda place: why if place.is_dir() else None)

    @staticmethod
    def look(place: Path, *, thorough: bool) -> "Artifact | str | None":
        """The artifact in a folder, or what is wrong with it; None where there is no such folder. Nothing is moved.

        Args:
            thorough: whether every byte is compared with the manifest, and not the files' sizes alone.
        """
        return _thorough(place) if thorough else _read(place)

    def why_set_aside(self, step: str, fingerprint: str) -> str | None:
        """What was wrong with an artifact that this object moved aside; None when there was none."""
        return self._damaged.get((step, fingerprint))

    def _set_aside_if(
        self, step: str, fingerprint: str, look: Callable[[Path], "Artifact | str | None"]
    ) -> Artifact | None:
        """Look at an artifact again, alone, and move it aside if it is damaged.

        Again, because another process that met the same damage may have made it anew meanwhile.
        """
        place = self._place(step, fingerprint)
        with FileLock(self.root / _LOCK):
            found = look(place)
            if not isinstance(found, str):
                return found
            self._damaged[step, fingerprint] = found
            folder = self.root.parent / SET_ASIDE
            folder.mkdir(exist_ok=True)
            target = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{step}-{fingerprint[:16]}"
            shutil.move(place, target)
            sync_path(place.parent)
        _log.warning(
            "the result %s/%s is damaged: %s. It was moved to %s and is made anew.",
            step,
            fingerprint[:16],
            found,
            target,
        )
        return None

    def holds(self, step: str, fingerprint: str) -> bool:
        """Whether there is an artifact of that name, whole or not."""
        return self._place(step, fingerprint).is_dir()

    def get(self, step: str, fingerprint: str) -> Artifact:
        """The artifact of that name.

        Raises:
            ArtifactMissing: it has not been made.
        """
        if artifact := self.find(step, fingerprint):
            return artifact
        if kept := self.pruned.read(step, fingerprint):
            said, again = f"the {step} result {fingerprint[:16]} was {kept.said}", "its pipeline on the recording again"
        else:
            said, again = f"there is no {step} artifact {fingerprint[:16]}", f"a pipeline that has the step {step!r}"
        raise ArtifactMissing(said, hint=f"Run {again}.")

    def staging(self) -> AbstractContextManager[Path]:
        """An empty folder on the store's disk to write files into; removed afterwards unless `commit` took it."""
        return staging_folder(self.root)

    def commit(
        self,
        step: str,
        fingerprint: str,
        folder: Path,
        *,
        files: Mapping[str, Any],
        identity: Mapping[str, Any],
        summary: Mapping[str, Any],
        made: Mapping[str, Any],
    ) -> Artifact:
        """Turn a staged folder into the artifact, or return the one that another process made meanwhile.

        Args:
            files: what `describe_files(folder)` gave.
        """
        manifest = {
            "step": step,
            "fingerprint": fingerprint,
            "identity": identity,
            "files": files,
            "summary": summary,
            "made": {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **made},
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False))
        for path in folder.rglob("*"):
            sync_path(path)
        sync_path(folder)
        place = self._place(step, fingerprint)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.rename(place)
        except OSError:
            if existing := self.find(step, fingerprint):
                return existing
            folder.rename(place)  # what was there was damaged, and is moved aside now
        sync_path(place.parent)
        self.pruned.forget(step, fingerprint)
        return Artifact(place, manifest)

    def all(self, step: str | None = None) -> Iterator[Artifact]:
        """Every artifact whose manifest can be read, or every one of a step, in order of name; the others are named in
        the log."""
        for place in self.places(step):
            found = _read_manifest(place)
            if isinstance(found, Artifact):
                yield found
            elif found is not None:
                _log.warning("the artifact %s is left out: %s", place, found)

    def places(self, step: str | None = None) -> list[Path]:
        """The folder of every artifact, whole or not, or of every one of a step, in order of name."""
        return sorted(path for path in self.root.glob(f"{step or '[a-z]*'}/[0-9a-f][0-9a-f]/*") if path.is_dir())


def _read_manifest(place: Path) -> Artifact | str | None:
    """The artifact in a folder, what is wrong with its manifest, or None where there is no such folder."""
    try:
        manifest = read_json(place / MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        return f"{MANIFEST} is missing" if place.exists() else None
    except TextRefused as error:
        return f"{MANIFEST} can't be read: {error}"
    if not isinstance(manifest, dict) or any(not isinstance(manifest.get(k), kind) for k, kind in _SHAPE.items()):
        return f"{MANIFEST} is not a manifest"
    if (manifest["fingerprint"], manifest["step"]) != (place.name, place.parent.parent.name):
        return f"{MANIFEST} is that of another result"
    if not all(
        isinstance(listed, dict) and {"bytes", "sha256"} <= set(listed) for listed in manifest["files"].values()
    ):
        return f"{MANIFEST} is not a manifest"
    return Artifact(place, manifest)


def _read(place: Path) -> Artifact | str | None:
    """The artifact in a folder, what is wrong with its shape, or None where there is no such folder."""
    found = _read_manifest(place)
    return found.damage() or found if isinstance(found, Artifact) else found


def _thorough(place: Path) -> Artifact | str | None:
    """As `_read`, after comparing every byte."""
    found = _read(place)
    if not isinstance(found, Artifact):
        return found
    try:
        found.verify()
    except ArtifactCorrupt as error:
        return error.what
    return found
