"""Filling a lost memory of watched folders from the lab's records: what came of each file.

What was under way is not in them: such files are taken again when they are looked at, and what was run is found.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query

RESTORED = -1
"""In place of a file's time of change, which no record has: until the file is read again and has the same bytes."""
_DROPS = """
SELECT drops.*, inputs.duration_s FROM latest_drops AS drops LEFT JOIN inputs USING (input) ORDER BY drops.seen_at
"""
_WORKED = ("completed", "failed", "canceled")
Row = dict[str, Any]
Recalled = Sequence[tuple[Row, Row | None]]
"""Columns of the tables `drops` and, where the file was run, `works`; the first seen first."""


def recall(lab: Lab) -> Recalled:
    """What the records say of every file; nothing where there are none.

    Raises:
        WarehouseError: the database can't be brought up to date.
    """
    if not any((lab.records / "drops").glob("*/*.json")):
        return []
    build(lab)
    return [_recalled(row) for row in query(lab, _DROPS).as_dicts()]


def _recalled(row: Row) -> tuple[Row, Row | None]:
    shared = {"digest": row["sha256"], "system": row["system"], "input": row["input"], "run": row["run"]}
    said = {"attempt": row["attempt"], "status": row["status"], "reason": row["reason"]}
    drop = {
        "id": row["drop"],
        "folder": row["folder"],
        "path": os.fsencode(row["name"]),
        "size": row["bytes"],
        "mtime_ns": RESTORED,
        "kind": "file",
        "seen_at": row["seen_at"].timestamp(),
        "taken_at": _seconds(row["taken_at"]),
        "recorded": 1,
        **shared,
        **said,
    }
    if row["status"] not in _WORKED or row["sha256"] is None or row["system"] is None or row["input"] is None:
        return drop, None
    ran = {"first_drop": row["drop"], "dagster_run_id": row["dagster_run_id"], "duration_s": row["duration_s"] or 0.0}
    return drop, {**shared, **said, **ran}


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
