"""Records: write-once JSON files that keep what artifacts can't say (inputs, datasets, systems, models, runs, attempts
at steps, what checks said, machines, what was dropped, baselines, what gates said, what people decided about systems
and runs, experiments, sweeps).

`artifacts/records/<kind>/<yyyymmdd>/<id>.json`. With the artifacts they are the source of the whole warehouse. Folders
are by day, so that looking for what is new means looking at today.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock

from modellab.errors import ArtifactCorrupt, TextRefused
from modellab.files import canonical_json, write_atomic
from modellab.outside import Limits, read_json
from modellab.redaction import redact_all
from modellab.warehouse.sequence import Sequence

Kind = Literal[
    "inputs",
    "input_names",
    "datasets",
    "systems",
    "models",
    "runs",
    "steps",
    "checks",
    "hosts",
    "drops",
    "baselines",
    "gates",
    "lifecycle_events",
    "verifications",
    "recorded_claims",
    "experiments",
    "sweeps",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

NUMBERED = frozenset[Kind](
    {
        "runs",
        "steps",
        "checks",
        "drops",
        "baselines",
        "gates",
        "lifecycle_events",
        "verifications",
        "recorded_claims",
        "sweeps",
    }
)
"""What happens again and again, so that it matters which was last."""

_LIMITS = Limits(bytes=256 << 20, nodes=10_000_000)
"""A dataset of some hundred thousand cases."""
_SEQUENCE = ".sequence"
_ID = re.compile(r"^[A-Za-z0-9_-]+$")


@dataclass(frozen=True, slots=True)
class Record:
    """One fact; it holds none of the lab's secrets."""

    kind: Kind
    id: str
    recorded_at: str
    """ISO 8601, UTC."""
    content: Mapping[str, Any]
    sequence: int | None = None
    """Of a numbered kind: in which order the lab took them down, whatever clocks said. None: an earlier version did."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", redact_all(self.content))


class RecordStore:
    """The records below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._sequence = Sequence(root / _SEQUENCE, self._highest)

    def last_number(self) -> int:
        """The number of what was taken down last; 0 before anything was."""
        return self._sequence.last()

    def write(self, record: Record) -> Record | None:
        """Keep a record, with its number where the kind has one. One that is there already stays as it is.

        Returns:
            The record as it is kept; None when there was one.

        Raises:
            ValueError: the id can't be a file's name.
        """
        if not _ID.match(record.id):
            raise ValueError(f"record id {record.id!r} is not made of letters, digits, _ and -")
        path = self.root / record.kind / _day(record.recorded_at) / f"{record.id}.json"
        if path.exists():
            return None
        if record.kind in NUMBERED:
            record = replace(record, sequence=self._sequence.next())
        write_atomic(path, json.dumps(asdict(record), indent=1, ensure_ascii=False, allow_nan=False))
        return record

    def write_if_changed(self, kind: Kind, subject: str, content: Mapping[str, Any], now: str) -> Record | None:
        """Keep a snapshot of a subject unless its latest says the same.

        Ids are `<subject>-<time>-<digest>`: the latest is the last by name. A snapshot is recorded as later than the
        one it replaces, so that a clock that was set back does not make the older one the present one.

        Returns:
            The record, or None when nothing has changed.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):
            latest = self._latest(kind, subject)
            at = datetime.fromisoformat(now)
            if latest is not None:
                known = self.read(latest)
                if canonical_json(known.content) == canonical_json(redact_all(content)):
                    return None
                at = max(at, datetime.fromisoformat(known.recorded_at) + timedelta(milliseconds=1))
            said = at.isoformat(timespec="milliseconds")
            digits = "".join(filter(str.isdigit, said[: len("2026-11-21T12:00:00.000")]))
            digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()[:16]
            return self.write(Record(kind, f"{subject}-{digits}-{digest}", said, content))

    def _latest(self, kind: Kind, subject: str) -> Path | None:
        """The last snapshot of a subject: it lies in the last of the days that have one."""
        for day in sorted(self.root.glob(f"{kind}/*"), reverse=True):
            if found := max(day.glob(f"{subject}-*.json"), default=None, key=lambda path: path.name):
                return found
        return None

    def _highest(self) -> int:
        """The highest number any record has. Reads all of the numbered kinds."""
        highest = 0
        for kind in NUMBERED:
            for path in self.root.glob(f"{kind}/*/*.json"):
                with suppress(ArtifactCorrupt):  # the builder names it
                    highest = max(highest, self.read(path).sequence or 0)
        return highest

    @staticmethod
    def read(path: Path) -> Record:
        """A record from its file.

        Raises:
            ArtifactCorrupt: it is not a record.
        """
        try:
            record = _record(read_json(path, _LIMITS))
            if (record.kind, record.id) != (path.parent.parent.name, path.stem):
                raise ValueError(f"it is that of {record.kind} {record.id}: copied or renamed")
            return record
        except (OSError, TextRefused, ValueError, TypeError) as error:
            raise ArtifactCorrupt(
                f"record {path} can't be read", found=str(error).splitlines()[0], hint="Move that file away."
            ) from error


def _record(content: Any) -> Record:
    """A record from what its file holds.

    Raises:
        TypeError, ValueError: it has other fields, or fields of other types.
    """
    record = Record(**content)
    texts = (record.kind, record.id, record.recorded_at)
    sound = all(isinstance(text, str) for text in texts) and isinstance(record.sequence, int | None)
    if not sound or not isinstance(record.content, dict):
        raise ValueError("its fields are not a record's")
    return record


def _day(time: str) -> str:
    """`2026-11-21T...` as `20261121`."""
    return time[:10].replace("-", "")
