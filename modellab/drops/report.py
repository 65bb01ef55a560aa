"""How watched folders and their files stand, and having files done once more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modellab.drops.inboxes import Inbox
from modellab.drops.outcome import shown_name
from modellab.drops.remembered import ENDED, Drop, DropStatus
from modellab.drops.state import DropState
from modellab.errors import UnknownName, UsageError
from modellab.names import did_you_mean, nearest

OPEN: tuple[DropStatus, ...] = ("ready", "registered")
AGAIN: tuple[DropStatus, ...] = ("failed", "canceled", "refused")
"""How a drop may have ended that can be done once more."""


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How the files of a watched folder stand."""

    waiting: int
    """May still be written to."""
    open: int
    """Complete, and not done with."""
    ended: Mapping[str, int]
    """How files ended -> how many did."""


def counts_of(state: DropState, inbox: Inbox) -> InboxCounts:
    """How the files of an inbox stand."""
    counts = state.counts(inbox.key)
    ended: dict[str, int] = {status: counts[status] for status in ENDED if status in counts}
    return InboxCounts(state.waiting(inbox.key), sum(counts.get(status, 0) for status in OPEN), ended)


def latest_drops(state: DropState, inbox: Inbox | None, status: str | None, limit: int) -> tuple[list[Drop], int]:
    """Drops, the latest first, and how many more there are.

    Args:
        inbox: only its; None: all, of folders that are not watched any more too.
        status: only those that stand so.
    """
    conditions, values = ["true"], []
    for column, value in (("folder", inbox.key if inbox else None), ("status", status)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    found = state.drops(" AND ".join(conditions), *values)[::-1]
    return found[:limit], max(0, len(found) - limit)


def retry(state: DropState, called: Sequence[str]) -> list[Drop]:
    """Have drops done once more; returns them as they were.

    Args:
        called: names of files (from the watched folder on, or alone) or beginnings of drops' ids; none: all that
            failed, were stopped or were refused.

    Raises:
        UnknownName: no drop is called so.
        UsageError: it is one that can't be done again.
    """
    everything = state.drops()
    if called:
        chosen = list({drop.id: drop for name in called for drop in _meant(name, everything)}.values())
    else:
        chosen = [drop for drop in everything if drop.status in AGAIN]
    for drop in chosen:
        state.retry(drop)
    return chosen


def _meant(called: str, drops: Sequence[Drop]) -> list[Drop]:
    found = [drop for drop in drops if called in (shown_name(drop), shown_name(drop).rpartition("/")[2])]
    found = found or [drop for drop in drops if called and drop.id.startswith(called)]
    if not found:
        near = nearest(called, {shown_name(drop) for drop in drops})
        raise UnknownName(
            f"no file {called!r} was dropped", hint=did_you_mean(near) or "modellab inbox status shows what was."
        )
    again = [drop for drop in found if drop.status in AGAIN]
    if not again:
        raise UsageError(
            f"{called!r} can't be done again",
            found=f"it is {found[-1].status}",
            allowed=f"files that are {', '.join(AGAIN)}",
            hint="Its results are there; with --force, modellab run makes them anew."
            if found[-1].status == "completed"
            else None,
        )
    return again
