"""What came of drops: from runs that are over to rows, files beside them, and a place for what can't be used."""

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from modellab.artifacts.store import Artifact
from modellab.drops.inboxes import Inbox
from modellab.drops.listing import OURS, REFUSED
from modellab.drops.remembered import Batch, Drop, Work, WorkStatus
from modellab.drops.state import DropState
from modellab.errors import LabError
from modellab.files import atomic_path, confine_to, write_atomic
from modellab.inputs.store import InputStore
from modellab.legible import one_line
from modellab.runs.meetings import TranscriptFormat, meeting_of, write_transcript
from modellab.runs.outcome import pack_file
from modellab.runs.past import find_attempts, past_results, records_of
from modellab.settings import Lab
from modellab.steps.definition import Kind
from modellab.wall_clock import stamp
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

MOST_DEATHS = 3
"""So many runs may end without having come to an end with a recording."""
_ENDINGS = {"transcript": ".txt", "pack": ".zip"}


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run of the orchestrator that is over."""

    dagster_run_id: str
    canceled: bool
    """Whether somebody stopped it."""
    error: str | None
    """Why it failed, where that is not a step's doing."""


def end_batches(lab: Lab, state: DropState, ended: Mapping[Batch, EndedRun]) -> None:
    """Note for every recording of batches whose runs are over how its part ended; what did not end is run again.

    Raises:
        WarehouseError: the database can't be built; nothing is noted then.
    """
    if not ended:
        return
    build(lab)
    for batch, run in ended.items():
        rows = query(
            lab,
            "SELECT input, status, error, run FROM run_history WHERE dagster_run_id = ? AND system = ?",
            [run.dagster_run_id, batch.system],
        ).rows
        parts = {source: (status, error, key) for source, status, error, key in rows}
        works = [
            _ended(work, run, *parts.get(work.input, ("interrupted", run.error, None)))
            for work in state.works_of(batch)
            if work.status == "batched"
        ]
        state.end_batch(batch, works)


def _ended(work: Work, run: EndedRun, status: str, error: str | None, key: str | None) -> Work:
    """A work as it stands after a run of which its part ended so."""
    work = replace(work, run=key, dagster_run_id=run.dagster_run_id, reason=None)
    if status == "completed":
        return replace(work, status="completed")
    if status == "failed":
        return replace(work, status="failed", reason=error)
    if run.canceled:
        return replace(work, status="canceled", reason="its run was stopped before it was done with it")
    deaths = work.deaths + 1
    why = f"{MOST_DEATHS} runs died over it or before it; the last: {error or run.error or 'it ended without a word'}"
    given_up = deaths >= MOST_DEATHS
    again: WorkStatus = "failed" if given_up else "pending"
    return replace(work, status=again, deaths=deaths, reason=why if given_up else None)


def record_ended(lab: Lab, state: DropState, inboxes: Sequence[Inbox]) -> list[Drop]:
    """Record every drop that has ended, put beside it what its inbox asks for, or move it; returns them.

    Whatever moment this is killed at, the next time does the rest: what is there already is left as it is.
    """
    state.end_settled()
    recorder = Recorder(lab)
    by_folder = {inbox.key: inbox for inbox in inboxes}
    ended = state.unrecorded()
    for drop in ended:
        placed, reason = _place(lab, state, drop, by_folder.get(drop.folder))
        recorder.drop(f"{drop.id}-{drop.attempt}", _row(state, drop, placed, reason or drop.reason))
        state.recorded(drop)
    return ended


def _row(state: DropState, drop: Drop, placed: Path | None, reason: str | None) -> dict[str, object]:
    work = state.work(drop)
    same = state.drops("id = ?", drop.same_as) if drop.same_as else []
    return {
        "drop": drop.id,
        "attempt": drop.attempt,
        "folder": one_line(drop.folder),
        "name": shown_name(drop),
        "bytes": drop.size,
        "status": drop.status,
        "reason": reason,
        "sha256": drop.digest,
        "input": drop.input,
        "system": drop.system,
        "run": drop.run,
        "dagster_run_id": work.dagster_run_id if work else None,
        "same_as": shown_name(same[0]) if same else None,
        "placed": one_line(str(placed)) if placed else None,
        "seen_at": _time(drop.seen_at),
        "taken_at": _time(drop.taken_at) if drop.taken_at is not None else None,
        "ended_at": stamp(),
    }


def shown_name(drop: Drop) -> str:
    """A drop's path in its folder, as it can be stored and shown."""
    return one_line(os.fsdecode(drop.path))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _place(lab: Lab, state: DropState, drop: Drop, inbox: Inbox | None) -> tuple[Path | None, str | None]:
    """Put a file beside a drop or move the drop, as its inbox asks for: where that is, or why it could not be."""
    if inbox is None:
        return None, None
    try:
        if drop.status == "refused" and inbox.options.refused == "move":
            return _move(drop, inbox), None
        if inbox.options.beside != "nothing" and drop.status in ("completed", "duplicate") and drop.run:
            return _put_beside(lab, drop, inbox), None
    except (LabError, OSError) as error:
        did = (
            "it could not be moved"
            if drop.status == "refused"
            else f"its {inbox.options.beside} could not be put beside it"
        )
        return None, " ".join(filter(None, (drop.reason, one_line(f"{did}: {error}"))))
    return None, None


def _move(drop: Drop, inbox: Inbox) -> Path | None:
    """Move a file that can't be used into the folder for such; None where it is not there any more."""
    confine_to(drop.file.parent, inbox.folder)
    target = inbox.folder / os.fsdecode(REFUSED) / f"{drop.id[:8]}-{drop.file.name}"
    if os.path.lexists(target):
        return target  # moved before a kill
    if drop.kind == "folder" or not os.path.lexists(drop.file):
        return None
    target.parent.mkdir(exist_ok=True)
    confine_to(target.parent, inbox.folder)
    drop.file.rename(target)
    return target


def _put_beside(lab: Lab, drop: Drop, inbox: Inbox) -> Path | None:
    """Write what an inbox asks for beside a file; None where the file is not there any more, or the run gave none."""
    if not os.path.lexists(drop.file):
        return None
    confine_to(drop.file.parent, inbox.folder)
    wanted = inbox.options.beside
    target = drop.file.with_name(f"{drop.file.name}{os.fsdecode(OURS)}{_ENDINGS[wanted]}")
    records = records_of(lab, find_attempts(lab, str(drop.run))[0])
    if wanted == "pack":
        # Of a duplicate it may be long ago: what was pruned since says so.
        pack = past_results(lab, records)(Kind.PACK)
        if pack is None:
            raise LabError("its pipeline gives no Meeting Pack")
        _copy(pack, target)
        return target
    meeting = meeting_of(InputStore(lab).get(str(drop.input)), past_results(lab, records, needed=False), lab)
    if meeting is None:
        past_results(lab, records)(Kind.TRANSCRIPT)
        raise LabError("its pipeline gives no transcript")
    write_atomic(target, write_transcript(meeting, TranscriptFormat.TXT).rstrip("\n") + "\n")
    with suppress(OSError):
        target.chmod(0o644)
    return target


def _copy(pack: Artifact, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(pack_file(pack), temporary)
        temporary.chmod(0o644)
