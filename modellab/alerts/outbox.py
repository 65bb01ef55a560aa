"""What was found and is to be told: `<home>/alerts/outbox.sqlite3`.

A table each of findings (a thing that went wrong, by its key: so it is told once), alerts (findings that are one
message), deliveries (an alert by a channel, until it is out) and notes (how far was looked). Every change is one
transaction: whoever is killed leaves a finding either unknown or kept, an alert either to be sent or sent. Only between
a server's yes and its mark as sent a kill makes a message go out twice, under the same id.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from modellab.alerts.alert import Alert, Finding, Topic
from modellab.outside import parse_json
from modellab.settings import Lab
from modellab.state_file import StateFile

DeliveryStatus = Literal["waiting", "sent", "given up", "not wanted"]
"""To be sent, maybe again; taken by its server; not taken for days; its channel is gone, or takes no such any more."""

GIVE_UP_S = 3 * 24 * 3600.0
"""After so long a message tells of nothing that is news."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 30.0, 3600.0
_KEPT_S = 90 * 24 * 3600.0
_FINDING = "a finding of the outbox"

_SCHEMA = """
CREATE TABLE findings (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, topics TEXT NOT NULL, said TEXT NOT NULL,
    found_at REAL NOT NULL, alert TEXT
);
CREATE INDEX findings_untold ON findings (topics) WHERE alert IS NULL;
CREATE INDEX findings_of_alerts ON findings (alert);
CREATE TABLE alerts (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, topics TEXT NOT NULL, made_at REAL NOT NULL, said TEXT NOT NULL
);
CREATE TABLE deliveries (
    alert TEXT NOT NULL, channel TEXT NOT NULL, status TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL, changed_at REAL NOT NULL, said TEXT,
    PRIMARY KEY (alert, channel)
) WITHOUT ROWID;
CREATE INDEX deliveries_waiting ON deliveries (channel, due_at) WHERE status = 'waiting';
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An alert by one channel."""

    alert: str
    channel: str
    status: DeliveryStatus
    tries: int
    """How often it was tried and did not go out."""
    due_at: float
    """When it is tried next; seconds since 1970, as all times here."""
    changed_at: float
    said: str | None
    """Why it did not go out the last time, or what of it was refused."""


_DELIVERY = ", ".join(Delivery.__slots__)


class Outbox(StateFile):
    """The outbox of a lab. A context manager; any number of processes may have it open."""

    schema = _SCHEMA
    what = "the outbox of alerts"
    if_damaged = "alerts that wait in it are lost, and what went wrong before is not told again."

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.alerts / "outbox.sqlite3")

    # --- what was found

    def note(self, name: str) -> str | None:
        """How far was looked, as `add` was told; None before the first time."""
        row = self._run("SELECT value FROM notes WHERE name = ?", name).fetchone()
        return str(row[0]) if row else None

    def add(self, findings: Iterable[Finding], notes: Mapping[str, str]) -> None:
        """Keep what is not known yet, and how far was looked, together."""
        now = time.time()
        with self.change():
            for one in findings:
                self._run(
                    "INSERT OR IGNORE INTO findings (key, topics, said, found_at) VALUES (?, ?, ?, ?)",
                    *(one.key, ",".join(one.topics), json.dumps(asdict(one), ensure_ascii=False), now),
                )
            for name, value in notes.items():
                self._run("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, value)

    def finding(self, key: str) -> Finding | None:
        """The finding of a key."""
        row = self._run("SELECT said FROM findings WHERE key = ?", key).fetchone()
        return Finding.read(parse_json(row[0], _FINDING)) if row else None

    def untold(self, gather_s: float, now: float) -> list[list[Finding]]:
        """Findings that are in no alert yet, those about the same topics together; none of topics whose last alert is
        younger than `gather_s`."""
        rows = self._run(
            "SELECT topics, said FROM findings AS found WHERE alert IS NULL AND NOT EXISTS ("
            "SELECT 1 FROM alerts WHERE alerts.topics = found.topics AND made_at > ? AND made_at <= ?"
            ") ORDER BY number",
            *(now - gather_s, now),
        ).fetchall()
        groups: defaultdict[str, list[Finding]] = defaultdict(list)
        for topics, said in rows:
            groups[topics].append(Finding.read(parse_json(said, _FINDING)))
        return list(groups.values())

    def forget_untold(self) -> None:
        """Forget what is in no alert yet, and how far was looked: nobody wants to be told any more."""
        with self.change():
            self._run("DELETE FROM findings WHERE alert IS NULL")
            self._run("DELETE FROM notes")

    # --- alerts

    def tell(self, alert: Alert, findings: Sequence[Finding], channels: Iterable[str], now: float) -> None:
        """Make an alert of findings, to be sent by some channels."""
        with self.change():
            self._run(
                "INSERT INTO alerts (id, topics, made_at, said) VALUES (?, ?, ?, ?)",
                *(alert.id, ",".join(alert.topics), now, alert.stored()),
            )
            for one in findings:
                self._run("UPDATE findings SET alert = ? WHERE key = ?", alert.id, one.key)
            for channel in channels:
                self._run(
                    "INSERT INTO deliveries (alert, channel, status, due_at, changed_at) "
                    "VALUES (?, ?, 'waiting', ?, ?)",
                    *(alert.id, channel, now, now),
                )

    def alerts(self, limit: int, topic: Topic | None = None) -> tuple[list[tuple[Alert, list[Delivery]]], int]:
        """Alerts with how they went out, the newest first, and how many more there are."""
        condition, values = "true", []
        if topic is not None:
            condition, values = "instr(',' || topics || ',', ?)", [f",{topic},"]
        rows = self._run(f"SELECT said FROM alerts WHERE {condition} ORDER BY number DESC LIMIT ?", *values, limit)
        found = [Alert.read(said) for (said,) in rows.fetchall()]
        [total] = self._run(f"SELECT count(*) FROM alerts WHERE {condition}", *values).fetchone()
        return [(alert, self._deliveries("alert = ?", alert.id)) for alert in found], total - len(found)

    def forget_old(self, now: float) -> None:
        """Forget alerts of long ago that are done with."""
        with self.change():
            self._run(
                "DELETE FROM alerts WHERE made_at < ? AND NOT EXISTS ("
                "SELECT 1 FROM deliveries WHERE alert = alerts.id AND status = 'waiting')",
                now - _KEPT_S,
            )
            for table in ("findings", "deliveries"):
                self._run(f"DELETE FROM {table} WHERE alert IS NOT NULL AND alert NOT IN (SELECT id FROM alerts)")

    # --- sending

    def waiting(self, channel: str | None = None) -> list[Delivery]:
        """Deliveries that are to be sent, the longest due first; of one channel or all."""
        condition, values = ("", []) if channel is None else (" AND channel = ?", [channel])
        return self._deliveries(f"status = 'waiting'{condition}", *values)

    def due(self, now: float, channel: str | None = None) -> list[Delivery]:
        """Those of them whose time has come."""
        return [one for one in self.waiting(channel) if one.due_at <= now]

    def alert(self, identifier: str) -> Alert:
        """The alert of a delivery."""
        [said] = self._run("SELECT said FROM alerts WHERE id = ?", identifier).fetchone()
        return Alert.read(said)

    def end(self, one: Delivery, status: DeliveryStatus, said: str | None, now: float) -> None:
        """A delivery is done with."""
        self._keep(replace(one, status=status, said=said, changed_at=now))

    def put_off(self, one: Delivery, said: str, now: float, wait_s: float | None = None) -> None:
        """A delivery did not go out: it is tried again later, ever later, and in the end no more.

        Args:
            wait_s: how long the server asked to be left alone.
        """
        wait = max(min(_FIRST_WAIT_S * 2 ** min(one.tries, 16), _LONGEST_WAIT_S), wait_s or 0.0)
        [made_at] = self._run("SELECT made_at FROM alerts WHERE id = ?", one.alert).fetchone()
        status: DeliveryStatus = "given up" if now + wait - made_at > GIVE_UP_S else "waiting"
        self._keep(replace(one, status=status, tries=one.tries + 1, due_at=now + wait, changed_at=now, said=said))

    def last_sent(self, channel: str) -> float | None:
        """When something last went out by a channel."""
        row = self._run("SELECT max(changed_at) FROM deliveries WHERE channel = ? AND status = 'sent'", channel)
        return row.fetchone()[0]  # type: ignore[no-any-return]

    def _keep(self, one: Delivery) -> None:
        with self.change():
            self._run(
                "UPDATE deliveries SET status = ?, tries = ?, due_at = ?, changed_at = ?, said = ? "
                "WHERE alert = ? AND channel = ?",
                *(one.status, one.tries, one.due_at, one.changed_at, one.said, one.alert, one.channel),
            )

    def _deliveries(self, condition: str, *values: object) -> list[Delivery]:
        rows = self._run(
            f"SELECT {_DELIVERY} FROM deliveries WHERE {condition} ORDER BY due_at, alert, channel", *values
        )
        return [Delivery(*row) for row in rows.fetchall()]
