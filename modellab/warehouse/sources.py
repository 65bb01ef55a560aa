"""Finding records and artifacts whose rows are not in the warehouse yet, without looking at all of them each time."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from modellab.artifacts.pruned import ENDING, PRUNED, PrunedResults
from modellab.artifacts.store import MANIFEST, Artifact, ArtifactStore
from modellab.errors import ArtifactMissing
from modellab.settings import Lab
from modellab.warehouse.records import KINDS, RecordStore
from modellab.warehouse.rows import (
    ARTIFACT_MARKER,
    MARKER_BY_KIND,
    PRUNED_MARKER,
    Tables,
    rows_of_artifact,
    rows_of_pruned,
    rows_of_record,
)

_SETTLED_S = 2.0
"""A folder changed more recently may change again without its time of change telling (file systems' clocks tick)."""

_DAY = re.compile(r"^\d{8}$")
_STEP = re.compile(r"^[a-z][a-z0-9_]*$")
_FINGERPRINT_START = re.compile(r"^[0-9a-f]{2}$")


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """A folder that holds sources of one kind: a day's records, artifacts whose fingerprints start alike, or what stays
    of such that were pruned."""

    path: Path
    marker: str
    """The table that has a row for each of its sources."""
    modified_ns: int
    is_pruned: bool = False
    """Whether it holds what stays of pruned results."""

    @property
    def holds_results(self) -> bool:
        """Whether it holds artifacts: a damaged one may be made anew under its name. All else stays as it is."""
        return self.marker == ARTIFACT_MARKER and not self.is_pruned

    def sources(self) -> Mapping[str, int]:
        """The ids of its records, or the fingerprints of its artifacts, with its manifest's time of change (ns)."""
        if self.is_pruned:
            return dict.fromkeys(self._pruned(), 0)
        found = {}
        with os.scandir(self.path) as entries:
            for entry in entries:
                if self.holds_results:
                    with suppress(FileNotFoundError, NotADirectoryError):
                        found[entry.name] = Path(entry.path, MANIFEST).stat().st_mtime_ns
                elif entry.name.endswith(".json") and not entry.name.startswith("."):
                    found[entry.name.removesuffix(".json")] = 0
        return found

    def _pruned(self) -> Iterator[str]:
        """Fingerprints of what was pruned, and was not made again."""
        artifacts = self.path.parents[2] / self.path.parent.name / self.path.name
        for path in sorted(self.path.glob(f"*{ENDING}")):
            name = path.name.removesuffix(ENDING)
            if not (artifacts / name / MANIFEST).exists():
                yield name

    def artifact(self, source: str, lab: Lab) -> Artifact | None:
        """One of its artifacts; None when it is damaged or went away."""
        return ArtifactStore(lab.artifacts).find(self.path.parent.name, source)

    def rows(self, source: str, lab: Lab) -> Tables:
        """The rows of one of its sources.

        Raises:
            Exception: of many kinds, when it is damaged.
        """
        if self.is_pruned:
            kept = PrunedResults(lab.artifacts).read(self.path.parent.name, source)
            if kept is None:
                raise ArtifactMissing(f"what stayed of the pruned result {self.path / source} went away")
            return rows_of_pruned(kept, whole=self.marker == ARTIFACT_MARKER)
        if not self.holds_results:
            return rows_of_record(RecordStore.read(self.path / f"{source}.json"))
        artifact = self.artifact(source, lab)
        if artifact is None:
            raise ArtifactMissing(f"artifact {self.path / source} went away")
        return rows_of_artifact(artifact, lab.home)


def source_folders(lab: Lab) -> list[SourceFolder]:
    """Every folder of sources there is."""
    folders = []
    for kind in KINDS:
        for path in _subfolders(lab.records / kind, _DAY):
            folders.append(SourceFolder(path, MARKER_BY_KIND[kind], path.stat().st_mtime_ns))
    for step in _subfolders(lab.artifacts, _STEP):
        for path in _subfolders(step, _FINGERPRINT_START):
            folders.append(SourceFolder(path, ARTIFACT_MARKER, path.stat().st_mtime_ns))
    for step in _subfolders(lab.artifacts / PRUNED, _STEP):
        for path in _subfolders(step, _FINGERPRINT_START):
            # The rows of the result, which are there unless all is made anew, and the one that says it is pruned.
            for marker in (ARTIFACT_MARKER, PRUNED_MARKER):
                folders.append(SourceFolder(path, marker, path.stat().st_mtime_ns, is_pruned=True))
    return folders


def changed_folders(folders: list[SourceFolder], known: Mapping[str, int]) -> list[SourceFolder]:
    """Those that are new or have changed since they were last gone through.

    Args:
        known: path -> time of change when they were gone through.
    """
    return [folder for folder in folders if known.get(str(folder.path)) != folder.modified_ns]


def has_settled(folder: SourceFolder) -> bool:
    """Whether any later change of the folder is sure to show in its time of change."""
    return time.time() - folder.modified_ns / 1e9 > _SETTLED_S


def _subfolders(path: Path, name: re.Pattern[str]) -> Iterator[Path]:
    try:
        with os.scandir(path) as entries:
            found = [Path(entry.path) for entry in entries if name.match(entry.name) and entry.is_dir()]
    except FileNotFoundError:
        return
    yield from sorted(found)
