"""What is remembered of watched folders between looks: `<home>/drops/state.sqlite3`.

A table each of names (what was seen), drops (a complete file, and what became of it), works (a recording under a
system: run once, however many files hold it) and batches (works that are one run). Every change is one transaction, so
a process may be killed at any moment. It says what is still to be done; what is done is a record of the lab, from which
a lost one is filled again (`recalling.py`).
"""

import hashlib
import itertools
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Self

from modellab.drops.listing import Entry
from modellab.drops.recalling import RESTORED, Recalled, recall
from modellab.drops.remembered import ENDED, SCHEMA, Batch, Drop, Work
from modellab.drops.watching import Known, Look
from modellab.inputs.registered import RegisteredInput
from modellab.settings import Lab
from modellab.state_file import StateFile

_KEPT_S = 90 * 24 * 3600.0
"""So long a name is remembered that is there no more: a share that was away does not make all its files new."""
_DROP = ", ".join(Drop.__slots__)
_WORK = ", ".join(Work.__slots__)
_UNRECORDED = f"NOT recorded AND status IN ({', '.join('?' * len(ENDED))})"


class DropState(StateFile):
    """The state of a lab's watched folders. A context manager; any number of processes may have it open."""

    schema = SCHEMA
    what = "what is remembered of watched folders"
    if_damaged = "what came of each file is then taken from the lab's records, and every file is looked at again."

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.drops / "state.sqlite3")
        self._lab = lab

    def __enter__(self) -> Self:
        super().__enter__()
        # Asked each time, so that a process that was killed in between leaves it to the next.
        if not self._any("true") and (found := recall(self._lab)):
            self._restore(found)
        return self

    def _restore(self, found: Recalled) -> None:
        """Take what the lab's records say for remembered."""
        with self.change():
            for drop, work in found:
                marks = ", ".join("?" * len(drop))
                self._run(f"INSERT OR IGNORE INTO drops ({', '.join(drop)}) VALUES ({marks})", *drop.values())
                if work:
                    marks = ", ".join("?" * len(work))
                    self._run(f"INSERT OR IGNORE INTO works ({', '.join(work)}) VALUES ({marks})", *work.values())

    def _is_restored(self, drop: Drop, condition: str, *values: Any) -> bool:
        """Whether a drop is a file of which the records say already what came of it: then that stands for it."""
        row = self._run(
            f"SELECT id FROM drops WHERE {condition} AND mtime_ns = ? AND folder = ? AND path = ? AND size = ?",
            *(*values, RESTORED, drop.folder, drop.path, drop.size),
        ).fetchone()
        if row is None:
            return False
        self._run("DELETE FROM drops WHERE id = ?", drop.id)
        self._run("UPDATE names SET drop_id = ? WHERE drop_id = ?", row[0], drop.id)
        self._run("UPDATE drops SET mtime_ns = ? WHERE id = ?", drop.mtime_ns, row[0])
        return True

    # --- names

    def known(self, folder: str) -> dict[bytes, Known]:
        """Name -> how it was remembered, of those that were there at the last look."""
        rows = self._run(
            "SELECT path, size, mtime_ns, device, inode, kind, temporary, state, since FROM names "
            "WHERE folder = ? AND gone_at IS NULL",
            folder,
        )
        return {
            path: Known(Entry(path, size, mtime_ns, device, inode, kind, bool(temporary)), state, since)
            for path, size, mtime_ns, device, inode, kind, temporary, state, since in rows
        }

    def apply(self, folder: str, look: Look, now: float) -> None:
        """Remember what a look changed."""
        with self.change():
            for old, entry in look.moved:
                self._move(folder, old, entry)
            for entry in look.seen:
                self._see(folder, entry, now)
            for entry in look.complete:
                self._complete(folder, entry.path)
            for path in look.gone:
                self._leave(folder, path, now)

    def _move(self, folder: str, old: bytes, entry: Entry) -> None:
        if not self._run("SELECT 1 FROM names WHERE folder = ? AND path = ?", folder, old).fetchone():
            return
        self._run("DELETE FROM names WHERE folder = ? AND path = ?", folder, entry.path)
        self._run(
            "UPDATE names SET path = ?, temporary = ? WHERE folder = ? AND path = ?",
            *(entry.path, entry.temporary, folder, old),
        )
        self._run(
            "UPDATE drops SET path = ? WHERE NOT recorded AND id = "
            "(SELECT drop_id FROM names WHERE folder = ? AND path = ?)",
            *(entry.path, folder, entry.path),
        )

    def _see(self, folder: str, entry: Entry, now: float) -> None:
        same = "folder = ? AND path = ? AND size = ? AND mtime_ns = ? AND kind = ?"
        known = self._run(
            f"UPDATE names SET gone_at = NULL, device = ?, inode = ? WHERE {same} AND (gone_at IS NULL OR drop_id "
            "NOT IN (SELECT id FROM drops WHERE status IN ('gone', 'refused')))",
            *(entry.device, entry.inode, folder, entry.path, *entry.version),
        )
        if not known.rowcount:
            self._run(
                "INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, NULL, NULL)",
                *(folder, entry.path, entry.size, entry.mtime_ns, entry.device, entry.inode, entry.kind),
                *(entry.temporary, now, now),
            )

    def _complete(self, folder: str, path: bytes) -> None:
        """A name that was waited for is a drop. Another process that looked meanwhile may have said so already."""
        drop = uuid.uuid4().hex
        taken = self._run(
            "UPDATE names SET state = 'taken', drop_id = ? WHERE folder = ? AND path = ? AND state = 'waiting'",
            *(drop, folder, path),
        )
        if taken.rowcount:
            self._run(
                "INSERT INTO drops (id, folder, path, size, mtime_ns, kind, seen_at, status) "
                "SELECT drop_id, folder, path, size, mtime_ns, kind, seen_at, 'ready' FROM names WHERE drop_id = ?",
                drop,
            )

    def _leave(self, folder: str, path: bytes, now: float) -> None:
        """A name that is gone: a file that was still waited for becomes a drop too, so that it is said."""
        self._run(
            "DELETE FROM names WHERE folder = ? AND path = ? AND state = 'waiting' AND (kind <> 'file' OR temporary)",
            *(folder, path),
        )
        self._complete(folder, path)
        self._run("UPDATE names SET gone_at = ? WHERE folder = ? AND path = ?", now, folder, path)

    def wait_again(self, drop: Drop, now: float) -> None:
        """A file that was not complete after all: it is no drop, and its name is waited for."""
        with self.change():
            self._run("DELETE FROM drops WHERE id = ?", drop.id)
            self._run("UPDATE names SET state = 'waiting', drop_id = NULL, since = ? WHERE drop_id = ?", now, drop.id)

    def forget_old(self, now: float) -> None:
        """Drop names that have been gone for long."""
        self._run("DELETE FROM names WHERE gone_at < ?", now - _KEPT_S)

    def waiting(self, folder: str) -> int:
        """How many files are being waited for, those with temporary names left out."""
        return int(
            self._run(
                "SELECT count(*) FROM names WHERE folder = ? AND state = 'waiting' AND gone_at IS NULL "
                "AND NOT temporary",
                folder,
            ).fetchone()[0]
        )

    # --- drops

    def drops(self, condition: str = "true", *values: Any) -> list[Drop]:
        """The drops that a condition in SQL chooses, in the order in which they were seen."""
        rows = self._run(f"SELECT {_DROP} FROM drops WHERE {condition} ORDER BY seen_at, path", *values)
        return [Drop(*row) for row in rows]

    def ready(self, folders: Sequence[str]) -> list[Drop]:
        """Drops of folders that are to be taken."""
        marks = ", ".join("?" * len(folders))
        return self.drops(f"status = 'ready' AND folder IN ({marks})", *folders)

    def has_ready(self, folder: str) -> bool:
        """Whether a folder has drops that are to be taken."""
        return self._any("status = 'ready' AND folder = ?", folder)

    def _any(self, condition: str, *values: Any) -> bool:
        return bool(self._run(f"SELECT EXISTS (SELECT 1 FROM drops WHERE {condition})", *values).fetchone()[0])

    def begin(self, drop: Drop) -> int:
        """A process begins to read a drop; returns how often one has."""
        with self.change():
            self._run("UPDATE drops SET tries = tries + 1 WHERE id = ?", drop.id)
            return int(self._run("SELECT tries FROM drops WHERE id = ?", drop.id).fetchone()[0])

    def take_back_try(self, drop: Drop) -> None:
        """What kept a drop from being read was not the drop."""
        self._run("UPDATE drops SET tries = tries - 1 WHERE id = ?", drop.id)

    def registered(self, drop: Drop, source: RegisteredInput, system: str, now: float) -> None:
        """A drop became an input of the lab, which is to be run, unless the same bytes were asked to be before."""
        with self.change():
            known = "digest = ? AND system = ? AND status <> 'gone'"
            if self._is_restored(drop, known, source.sha256, system):
                return
            self._run(
                "UPDATE drops SET status = 'registered', taken_at = ?, digest = ?, input = ?, system = ?, tries = 0 "
                "WHERE id = ?",
                *(now, source.sha256, source.key, system, drop.id),
            )
            self._run(
                "INSERT OR IGNORE INTO works (digest, system, input, duration_s, first_drop, status) "
                "VALUES (?, ?, ?, ?, ?, 'pending')",
                *(source.sha256, system, source.key, source.duration_s, drop.id),
            )

    def refuse(self, drop: Drop, reason: str) -> None:
        """A drop can't be used."""
        with self.change():
            if not self._is_restored(drop, "status = 'refused' AND digest IS NULL"):
                self._run("UPDATE drops SET status = 'refused', reason = ? WHERE id = ?", reason, drop.id)

    def end_if_gone(self, drop: Drop, reason: str) -> bool:
        """End a drop whose file is not there, unless no look has noticed yet: then it may have another name now."""
        row = self._run(
            "UPDATE drops SET status = 'gone', reason = ? WHERE id = ? AND NOT EXISTS "
            "(SELECT 1 FROM names WHERE drop_id = drops.id AND gone_at IS NULL)",
            *(reason, drop.id),
        )
        return bool(row.rowcount)

    def unrecorded(self) -> list[Drop]:
        """Drops that have ended, and of which there is no record yet."""
        return self.drops(_UNRECORDED, *ENDED)

    def has_unrecorded(self) -> bool:
        """Whether there is any such drop."""
        return self._any(_UNRECORDED, *ENDED)

    def recorded(self, drop: Drop) -> None:
        """What came of a drop is in the lab's records."""
        self._run("UPDATE drops SET recorded = 1 WHERE id = ?", drop.id)

    def end_settled(self) -> None:
        """End the drops whose work has ended. The first one stands for what came of it, others are its duplicates."""
        self._run(
            """
            UPDATE drops SET
                status = CASE WHEN w.first_drop = drops.id THEN w.status ELSE 'duplicate' END,
                same_as = CASE WHEN w.first_drop = drops.id THEN NULL ELSE w.first_drop END,
                reason = w.reason, run = w.run
            FROM works w
            WHERE drops.status = 'registered' AND w.digest = drops.digest AND w.system = drops.system
                AND w.status IN ('completed', 'failed', 'canceled')
            """
        )

    def work(self, drop: Drop) -> Work | None:
        """What a drop was run as; None of one that was never registered."""
        row = self._run(
            f"SELECT {_WORK} FROM works WHERE digest = ? AND system = ?", drop.digest, drop.system
        ).fetchone()
        return Work(*row) if row else None

    def counts(self, folder: str) -> dict[str, int]:
        """Status -> how many drops of a folder."""
        return dict(self._run("SELECT status, count(*) FROM drops WHERE folder = ? GROUP BY status", folder))

    # --- works and batches

    def make_batches(self, most_open: int, largest: int, longest_s: float, now: float) -> None:
        """Put pending works into batches of one system each, as long as fewer than `most_open` are open.

        Args:
            largest: so many works at most.
            longest_s: so much sound at most; a single recording may be longer.
        """
        with self.change():
            while len(self.open_batches()) < most_open:
                first = self._run("SELECT system FROM works WHERE status = 'pending' LIMIT 1").fetchone()
                if first is None:
                    return
                rows = self._run(
                    "SELECT w.digest, w.attempt, w.deaths, w.duration_s "
                    "FROM works w JOIN drops d ON d.id = w.first_drop "
                    "WHERE w.status = 'pending' AND w.system = ? ORDER BY d.seen_at, d.path LIMIT ?",
                    *(first[0], largest),
                ).fetchall()
                ends = itertools.accumulate(duration for *_, duration in rows)
                rows = [row for row, end in zip(rows, ends, strict=True) if row is rows[0] or end <= longest_s]
                key = _batch_key(first[0], rows)
                self._run("INSERT INTO batches (key, system, made_at) VALUES (?, ?, ?)", key, first[0], now)
                for digest, *_ in rows:
                    self._run(
                        "UPDATE works SET status = 'batched', batch = ? WHERE digest = ? AND system = ?",
                        *(key, digest, first[0]),
                    )

    def open_batches(self) -> list[Batch]:
        """Batches that did not end, the oldest first."""
        rows = self._run("SELECT key, system, made_at FROM batches WHERE NOT ended ORDER BY made_at, key")
        return [Batch(*row) for row in rows]

    def works_of(self, batch: Batch) -> list[Work]:
        """The works of a batch, in the order in which they were dropped."""
        columns = ", ".join(f"w.{name}" for name in Work.__slots__)
        rows = self._run(
            f"SELECT {columns} FROM works w JOIN drops d ON d.id = w.first_drop WHERE w.batch = ? "
            "ORDER BY d.seen_at, d.path",
            batch.key,
        )
        return [Work(*row) for row in rows]

    def end_batch(self, batch: Batch, works: Iterable[Work]) -> None:
        """A batch's run is over; `works` are its works as they stand then."""
        with self.change():
            self._run("UPDATE batches SET ended = 1 WHERE key = ?", batch.key)
            for work in works:
                self._run(
                    "UPDATE works SET status = ?, deaths = ?, run = ?, dagster_run_id = ?, reason = ? "
                    "WHERE digest = ? AND system = ?",
                    *(work.status, work.deaths, work.run, work.dagster_run_id, work.reason, work.digest, work.system),
                )

    def fail(self, works: Iterable[Work], reason: str) -> None:
        """Works that can't be run: their system or input is there no more."""
        with self.change():
            for work in works:
                self._run(
                    "UPDATE works SET status = 'failed', reason = ? WHERE digest = ? AND system = ?",
                    *(reason, work.digest, work.system),
                )

    # --- again

    def retry(self, drop: Drop) -> None:
        """Have a drop done once more that ended without having completed."""
        with self.change():
            if drop.digest is None:
                self._run(
                    "UPDATE drops SET status = 'ready', reason = NULL, recorded = 0, tries = 0, attempt = attempt + 1 "
                    "WHERE id = ?",
                    drop.id,
                )
                return
            self._run(
                "UPDATE drops SET status = 'registered', reason = NULL, recorded = 0, attempt = attempt + 1 "
                "WHERE id = ?",
                drop.id,
            )
            self._run(
                "UPDATE works SET status = 'pending', attempt = attempt + 1, deaths = 0, batch = NULL, reason = NULL "
                "WHERE digest = ? AND system = ? AND status IN ('failed', 'canceled')",
                *(drop.digest, drop.system),
            )


def _batch_key(system: str, rows: Iterable[tuple[str, int, int, float]]) -> str:
    """The same for the same recordings under the same system, tried as often as this."""
    said = "\n".join([system, *sorted(f"{digest} {attempt} {deaths}" for digest, attempt, deaths, _ in rows)])
    return hashlib.sha256(said.encode()).hexdigest()[:32]
