"""Stopping runs, as the library sees it: what stops them is handed in, as what launches them is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from modellab.errors import UnknownName, UsageError
from modellab.settings import Lab
from modellab.warehouse.stops import account

if TYPE_CHECKING:
    from modellab.runs.past import PastRun

GRACE_S = 2.0
"""Between two calls of a model, and in most of them, a run stops within this; what does not is killed."""


@dataclass(frozen=True, slots=True)
class StoppedRun:
    """What became of a run that was to be stopped."""

    dagster_run_id: str
    was: Literal["queued", "starting", "running"]
    """What it was doing."""
    status: Literal["completed", "failed", "canceled"]
    """How it stands now; it may have ended by itself in the meantime."""
    killed: bool
    """Whether its process had to be killed, for it did not listen."""
    said: str
    """What its record says of it."""


class RunStopper(Protocol):
    """Stops runs, whoever started them."""

    def unfinished(self, name: str) -> list[str]:
        """Ids of the Dagster runs that are not over, and are called so: the beginning of the id, or a file's name.

        There are some that the warehouse does not know: those in the queue, those that are being started, and those
        that do no pipeline's steps.
        """

    def stop(self, dagster_run_ids: Sequence[str], by: str) -> list[StoppedRun]:
        """Stop runs, with the process that does each and all that it started; returns when they are gone.

        What else the same process has begun ends with it, and is in the list too.

        Args:
            by: who wants it, in words that follow "stopped by".

        Raises:
            UsageError: the process of one is another account's, or on another machine.
        """


OpenStopper = Callable[[Lab], RunStopper]
"""Makes the stopper of a lab; like a launcher it costs time to import."""


def stop_runs(lab: Lab, stopper: RunStopper, names: Sequence[str]) -> list[StoppedRun]:
    """Stop the runs that are called so; each Dagster run once.

    Raises:
        UnknownName: no run is called so, or several are.
        UsageError: one is over already, or can't be stopped from here. Then none is stopped.
    """
    ids = dict.fromkeys(run_id for name in names for run_id in _ids(lab, stopper, name))
    return stopper.stop(list(ids), f"{account()} (modellab runs kill)")


def _ids(lab: Lab, stopper: RunStopper, name: str) -> list[str]:
    """The Dagster runs of a name that are to be stopped."""
    from modellab.runs.past import find_attempts  # with the database's package: who stops a run has no time for it

    waiting = stopper.unfinished(name)
    try:
        attempts = find_attempts(lab, name)
    except UnknownName:
        if not waiting:
            raise
        attempts = []
    running = [attempt.dagster_run_id for attempt in attempts if attempt.status == "running"]
    found = list(dict.fromkeys([*running, *waiting]))
    if not found:
        raise _over(attempts[0])
    if len(found) > 1 and not running:
        raise UnknownName(
            f"{name!r} can mean {len(found)} runs", found=", ".join(found), hint="Give one of these ids, or several."
        )
    return found


def _over(run: "PastRun") -> UsageError:
    return UsageError(
        f"run {run.run} ({run.name}, {run.system}) is over: there is nothing to stop",
        found=run.status,
        allowed="a run that waits or runs",
        hint="modellab runs list --status running shows those that run.",
    )
