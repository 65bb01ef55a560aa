"""The artifact store: `artifacts/<step>/<fp[:2]>/<fp>/`, written beside its place, synced, then renamed.

A folder that is there is whole and is never changed. Another store (object storage, say) would offer the same four
methods.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modellab.errors import ArtifactCorrupt, ArtifactMissing, TextRefused
from modellab.files import confine, sha256_file, staging_folder, sync_path
from modellab.outside import read_json

MANIFEST = "manifest.json"
_log = logging.getLogger(__name__)


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
                    hint="Delete that folder; the next run makes it again.",
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

    def _place(self, step: str, fingerprint: str) -> Path:
        return confine(self.root / step / fingerprint[:2] / fingerprint, self.root)

    def find(self, step: str, fingerprint: str) -> Artifact | None:
        """The artifact of that name, or None when it has not been made."""
        path = self._place(step, fingerprint)
        try:
            return Artifact(path, read_json(path / MANIFEST))
        except FileNotFoundError:
            return None
        except TextRefused as error:
            raise ArtifactCorrupt(
                f"{path / MANIFEST} is not JSON", hint="Delete that folder; the next run makes it again."
            ) from error

    def get(self, step: str, fingerprint: str) -> Artifact:
        """The artifact of that name.

        Raises:
            ArtifactMissing: it has not been made.
        """
        if artifact := self.find(step, fingerprint):
            return artifact
        raise ArtifactMissing(
            f"there is no {step} artifact {fingerprint[:16]}", hint=f"Run a pipeline that has the step {step!r}."
        )

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
            if (existing := self.find(step, fingerprint)) is None:
                raise
            return existing
        sync_path(place.parent)
        return Artifact(place, manifest)

    def all(self, step: str | None = None) -> Iterator[Artifact]:
        """Every artifact whose manifest can be read, or every one of a step, in order of name; the others are named in
        the log."""
        pattern = f"{step or '*'}/[0-9a-f][0-9a-f]/*/{MANIFEST}"
        for path in sorted(self.root.glob(pattern)):
            try:
                yield Artifact(path.parent, read_json(path))
            except (OSError, TextRefused) as error:
                _log.warning("an artifact is left out: %s", error)
