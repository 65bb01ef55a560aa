"""What is remembered of watched folders: drops, works and batches, and the tables that hold them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modellab.drops.listing import EntryKind

DropStatus = Literal["ready", "registered", "completed", "failed", "canceled", "duplicate", "refused", "gone"]
"""Ready to be taken; taken, its run to come or under way; or how it ended."""
ENDED: tuple[DropStatus, ...] = ("completed", "failed", "canceled", "duplicate", "refused", "gone")
WorkStatus = Literal["pending", "batched", "completed", "failed", "canceled"]
SCHEMA = """
CREATE TABLE names (
    folder TEXT NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    device INTEGER NOT NULL, inode INTEGER NOT NULL, kind TEXT NOT NULL, temporary INTEGER NOT NULL,
    state TEXT NOT NULL, since REAL NOT NULL, seen_at REAL NOT NULL, drop_id TEXT, gone_at REAL,
    PRIMARY KEY (folder, path)
) WITHOUT ROWID;
CREATE TABLE drops (
    id TEXT PRIMARY KEY, folder TEXT NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    kind TEXT NOT NULL, seen_at REAL NOT NULL, taken_at REAL, attempt INTEGER NOT NULL DEFAULT 1,
    tries INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, reason TEXT, digest TEXT, input TEXT, system TEXT,
    run TEXT, same_as TEXT, recorded INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX drops_by_status ON drops (status, folder);
CREATE INDEX drops_unrecorded ON drops (status) WHERE NOT recorded;
CREATE INDEX names_of_drops ON names (drop_id);
CREATE INDEX drops_by_work ON drops (digest, system);
CREATE TABLE works (
    digest TEXT NOT NULL, system TEXT NOT NULL, input TEXT NOT NULL, duration_s REAL NOT NULL, first_drop TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1, deaths INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, batch TEXT,
    run TEXT, dagster_run_id TEXT, reason TEXT,
    PRIMARY KEY (digest, system)
) WITHOUT ROWID;
CREATE INDEX works_by_status ON works (status);
CREATE TABLE batches (
    key TEXT PRIMARY KEY, system TEXT NOT NULL, made_at REAL NOT NULL, ended INTEGER NOT NULL DEFAULT 0
);
"""


@dataclass(frozen=True, slots=True)
class Drop:
    """A complete file, and what became of it so far."""

    id: str
    folder: str
    """The watched folder."""
    path: bytes
    """From there on."""
    size: int
    mtime_ns: int
    kind: EntryKind
    seen_at: float
    """Seconds since 1970, as all times here."""
    taken_at: float | None
    attempt: int
    tries: int
    """How often a process began to read it."""
    status: DropStatus
    reason: str | None
    digest: str | None
    """SHA-256 of its bytes."""
    input: str | None
    system: str | None
    run: str | None
    same_as: str | None
    """Id of the drop that has the same bytes and was run."""

    @property
    def file(self) -> Path:
        return Path(self.folder, os.fsdecode(self.path))


@dataclass(frozen=True, slots=True)
class Work:
    """A recording under a system."""

    digest: str
    system: str
    input: str
    first_drop: str
    """The drop that asked for it; others with the same bytes are duplicates of that."""
    attempt: int
    deaths: int
    """How many runs of this attempt ended without having come to an end with it."""
    status: WorkStatus
    batch: str | None
    run: str | None
    dagster_run_id: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Works that are one run."""

    key: str
    """The key that makes an orchestrator start the run once: it follows from what is run."""
    system: str
    made_at: float
