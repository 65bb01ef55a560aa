"""Results whose files were deleted to free disk, and what stays of each: its manifest and the rows of all tables.

`artifacts/.pruned/<step>/<fp[:2]>/<fp>.json.gz`, written before the files go. So a lab that is made anew has the same
rows, whoever asks for the files learns what became of them, and a deletion that was killed can be gone on with.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modellab.errors import ArtifactCorrupt, TextRefused
from modellab.files import staging_folder, sync_path, write_atomic
from modellab.outside import RESULT, parse_json

PRUNED = ".pruned"
ENDING = ".json.gz"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What stays of one result."""

    manifest: Mapping[str, Any]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    """Table -> its rows."""
    pruned_at: str
    """ISO 8601, UTC."""
    pruned_by: str | None
    reason: str
    """By which conditions it was chosen."""

    @property
    def step(self) -> str:
        return str(self.manifest["step"])

    @property
    def fingerprint(self) -> str:
        return str(self.manifest["fingerprint"])

    @property
    def bytes(self) -> int:
        """Of the files that were deleted."""
        return sum(int(file["bytes"]) for file in self.manifest["files"].values())

    @property
    def said(self) -> str:
        """When it was pruned and why, for a sentence."""
        by = f" by {self.pruned_by}" if self.pruned_by else ""
        return f"pruned on {self.pruned_at[:10]}{by} ({self.reason})"


class PrunedResults:
    """What stays of the pruned results of one store.

    Args:
        root: the store's folder.
    """

    def __init__(self, root: Path) -> None:
        self._store, self._root = root, root / PRUNED

    def place(self, step: str, fingerprint: str) -> Path:
        """Where it is written."""
        return self._root / step / fingerprint[:2] / f"{fingerprint}{ENDING}"

    def places(self) -> Iterator[Path]:
        """All that there are, in order of name."""
        yield from sorted(self._root.glob(f"*/??/*{ENDING}"))

    def write(self, kept: Pruned) -> None:
        """Keep what stays of a result."""
        text = json.dumps(asdict(kept), ensure_ascii=False, allow_nan=False).encode()
        write_atomic(self.place(kept.step, kept.fingerprint), gzip.compress(text, mtime=0))

    def read(self, step: str, fingerprint: str) -> Pruned | None:
        """What stays of a result; None where it was not pruned.

        Raises:
            ArtifactCorrupt: it can't be read.
        """
        path = self.place(step, fingerprint)
        try:
            with gzip.open(path) as packed:
                data = packed.read(RESULT.bytes + 1)
            kept = Pruned(**parse_json(data, str(path), RESULT))
            if (kept.step, kept.fingerprint) != (step, fingerprint):
                raise ValueError("it is that of another result")
            return kept
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, EOFError, zlib.error, TextRefused, TypeError, ValueError, KeyError) as error:
            raise ArtifactCorrupt(
                f"what stayed of a pruned result can't be read: {path}", found=str(error).splitlines()[0]
            ) from error

    def remove_files(self, step: str, fingerprint: str) -> None:
        """Delete the files of a result, all at once as others see it; what a kill leaves goes with the next run."""
        place = self._store / step / fingerprint[:2] / fingerprint
        with staging_folder(self._store) as folder:
            if place.is_dir():
                place.rename(folder / place.name)
                sync_path(place.parent)

    def forget(self, step: str, fingerprint: str) -> None:
        """A result is there again."""
        self.place(step, fingerprint).unlink(missing_ok=True)
