"""Another attempt at runs that are over: they stay as they are, and the new one says which it follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from modellab.errors import UsageError
from modellab.runs.past import PastRun, attempts_of_dagster_run, find_run
from modellab.settings import Lab


@dataclass(frozen=True, slots=True)
class Retry:
    """One new run: a system on some of the inputs of a run that is over."""

    of: str
    """Dagster run id of the attempt that it follows."""
    system: str
    inputs: tuple[str, ...]


def retries(lab: Lab, names: Sequence[str], *, failed_only: bool) -> list[Retry]:
    """The new runs that another attempt at some runs takes, in the order in which they were done.

    Args:
        names: as for `find_run`; a Dagster run id stands for all that it did.
        failed_only: leave out what was completed.

    Raises:
        UnknownName: no run is called so, or several are.
        UsageError: one is not over, could not be begun for want of an input or a system, or has nothing that failed.
    """
    asked: dict[tuple[str, str], dict[str, None]] = {}
    for name in names:
        found = attempts_of_dagster_run(lab, name) or [find_run(lab, name)]
        wanted = [run for run in found if not (failed_only and run.status == "completed")]
        _require_over(found)
        if not wanted:
            raise UsageError(
                f"nothing of {_called(found[0])} failed",
                found=f"{len(found)} completed",
                hint="--all does all of it again.",
            )
        for run in wanted:
            if not (run.input and run.system):
                raise UsageError(
                    f"{_called(run)} can't be tried again: it could not be begun",
                    found=run.error,
                    hint="modellab run begins another one.",
                )
            asked.setdefault((run.dagster_run_id, run.system), {})[run.input] = None
    return [Retry(of, system, tuple(inputs)) for (of, system), inputs in asked.items()]


def _require_over(runs: Sequence[PastRun]) -> None:
    for run in runs:
        if run.status == "running":
            raise UsageError(
                f"{_called(run)} is not over",
                found=run.status,
                allowed="a run that has ended",
                hint="Wait for it, or stop it: modellab runs kill.",
            )


def _called(run: PastRun) -> str:
    return f"run {run.run} ({run.name or 'no input'}, {run.system or 'no system'})"
