"""Past runs, as the warehouse knows them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.errors import UnknownName
from modellab.inputs.lookup import meant_by, unknown_input
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.names import one_of
from modellab.pipeline.record import CheckRecord, HelperRecord, StepRecord
from modellab.registry.loaded import Eviction
from modellab.runs.results import Results, results_of
from modellab.settings import Lab
from modellab.steps.definition import Kind
from modellab.warehouse.query import query

LATEST = "latest"
STATUSES = ("completed", "failed", "canceled", "interrupted", "running")
"""How a run can stand."""
_MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class PastRun:
    """One attempt at one system on one input."""

    run: str
    dagster_run_id: str
    input: str
    name: str
    """File name the input was first registered under."""
    duration_s: float | None
    """Length of the recording; None of an input that does not exist."""
    system: str
    status: str
    """completed, failed, canceled, interrupted, or running."""
    error: str | None
    started_at: datetime
    ended_at: datetime | None
    wall_s: float | None
    """How long it took; None while it runs."""
    steps: int
    """Steps that were reached."""
    cached_steps: int
    failed_checks: int
    """How many checks its results failed."""
    launched_by: str | None
    """command line, ui, backfill, schedule, sensor or automation; None of runs of earlier versions."""
    launcher: str | None
    """Name of the schedule or sensor, or id of the backfill."""
    user_name: str | None
    """The account that the process ran under."""
    host: str | None
    queued_s: float | None
    """From asking for the Dagster run until a process took it up."""
    quarantined_at: datetime | None = None
    """Since when no board counts it; None of one that counts."""
    quarantined_by: str | None = None
    quarantined_because: str | None = None
    retry_of: str | None = None
    """Dagster run id of the attempt that this one follows; None of a first one."""
    root: str | None = None
    """Dagster run id of the first attempt; None of a first one."""


def past_runs(
    lab: Lab, *, source: str | None = None, status: str | None = None, quarantined: bool = False, limit: int
) -> tuple[list[PastRun], int]:
    """Runs, the newest first, and how many more there are.

    Args:
        source: what inputs are called (`modellab.inputs.lookup`); where several are, runs on each of them.
        status: one of `STATUSES`.
        quarantined: whether only those in quarantine are wanted.
        limit: how many at most.

    Raises:
        UnknownName: there is no such input or status.
    """
    conditions: list[str] = ["true"]
    values: list[Any] = []
    if source is not None:
        conditions.append("list_contains(?, input)")
        values.append(inputs_called(lab, source))
    if status is not None:
        conditions.append("status = ?")
        values.append(one_of("status", status, STATUSES))
    if quarantined:
        conditions.append("quarantined_at IS NOT NULL")
    condition = " AND ".join(conditions)
    runs = _select(lab, condition, values, limit)
    if len(runs) < limit:
        return runs, 0
    [(total,)] = query(lab, f"SELECT count(*) FROM run_history WHERE {condition}", values).rows
    return runs, total - len(runs)


@dataclass(frozen=True, slots=True)
class _RecordedInput:
    """What an input is called; it may be gone from the lab."""

    key: str
    sha256: str
    names: tuple[str, ...]


def _recorded_inputs(lab: Lab) -> list[_RecordedInput]:
    rows = query(
        lab,
        "SELECT input, sha256, inputs.name, list(input_names.name ORDER BY input_names.name) "
        "FROM inputs LEFT JOIN input_names USING (input) GROUP BY ALL ORDER BY input",
    ).rows
    return [
        _RecordedInput(key, sha256, tuple(dict.fromkeys((first, *filter(None, names)))))
        for key, sha256, first, names in rows
    ]


def inputs_called(lab: Lab, called: str) -> list[str]:
    """The keys of the inputs that are called so (`modellab.inputs.lookup`), also of those that are gone from the lab.

    Raises:
        UnknownName: none is.
    """
    known = _recorded_inputs(lab)
    if found := meant_by(called, known):
        return [each.key for each in found]
    raise unknown_input(called, known)


def find_run(lab: Lab, name: str) -> PastRun:
    """The run of a name: a run key, a Dagster run id, the beginning of one of these, what its input is called
    (`modellab.inputs.lookup`), or `latest`.

    Of several attempts at the same run the newest counts, unless its Dagster run id is given.

    Raises:
        UnknownName: no run has that name, or several have.
    """
    return find_attempts(lab, name)[0]


def find_attempts(lab: Lab, name: str) -> list[PastRun]:
    """The attempts at the run of a name, as for `find_run`, newest first; only one where its Dagster run id is given.

    Raises:
        UnknownName: as `find_run`.
    """
    if name == LATEST:
        newest = _select(lab, "true", [], 1)
        found = _select(lab, "run = ?", [newest[0].run], None) if newest else []
    else:
        inputs = [each.key for each in meant_by(name, _recorded_inputs(lab))]
        condition = "starts_with(run, ?) OR starts_with(dagster_run_id, ?) OR list_contains(?, input)"
        found = _select(lab, condition, [name, name, [name, *inputs]], None)
        if inputs and not found:
            raise UnknownName(
                f"there is no run on the input {name!r}", found=", ".join(inputs), hint="modellab run INPUT makes one."
            )
    if not found:
        raise UnknownName(f"there is no run {name!r}", hint="modellab runs list shows what there is.")
    by_run = {run.run: run for run in reversed(found)}
    if len(by_run) > 1:
        listed = [f"{run.run} ({run.name}, {run.system})" for run in list(by_run.values())[-_MOST_LISTED:]]
        raise UnknownName(
            f"{name!r} can mean {len(by_run)} runs", found=", ".join(listed), hint="Give one of these keys."
        )
    return found


def runs_of(lab: Lab, dagster_run_id: str) -> list[PastRun]:
    """All that one Dagster run did, the newest first."""
    return _select(lab, "dagster_run_id = ?", [dagster_run_id], None)


def attempt_number(lab: Lab, run: PastRun) -> int:
    """Which attempt it is, from 1, among those that follow one another: of an input under a system."""
    [(before,)] = query(
        lab,
        "SELECT count(*) FROM run_history WHERE input = ? AND system = ? AND coalesce(root, dagster_run_id) = ? "
        "AND sequence < (SELECT min(sequence) FROM run_history WHERE run = ? AND dagster_run_id = ?)",
        [run.input, run.system, run.root or run.dagster_run_id, run.run, run.dagster_run_id],
    ).rows
    return int(before) + 1


def attempts_of_dagster_run(lab: Lab, name: str) -> list[PastRun]:
    """All that one Dagster run did, in the order in which it began, where a name is the beginning of its id alone."""
    found = _select(lab, "starts_with(dagster_run_id, ?)", [name], None)
    return found[::-1] if len({run.dagster_run_id for run in found}) == 1 else []


def attempt_with(lab: Lab, name: str, kind: Kind) -> PastRun | None:
    """The newest attempt at a run that has a result: a later one that failed, was stopped or did less hides nothing.

    `latest` looks through earlier runs where no attempt at the newest has it.

    Args:
        name: as for `find_run`.
        kind: of the result. An attempt with the result of a later step counts before any with an earlier one's only.

    Returns:
        The attempt; None when there is none.

    Raises:
        UnknownName: as `find_run`.
    """
    attempts = find_attempts(lab, name)
    if found := _newest_with(lab, attempts, kind):
        return found
    if name != LATEST:
        return None
    done = "SELECT run FROM steps WHERE status = 'completed' AND list_contains(gives, ?)"
    others = _select(lab, f"run IN ({done})", [kind], 1)
    return _newest_with(lab, _select(lab, "run = ?", [others[0].run], None), kind) if others else None


def _newest_with(lab: Lab, attempts: Sequence[PastRun], kind: Kind) -> PastRun | None:
    rows = query(
        lab,
        "SELECT dagster_run_id, max(place) FROM steps "
        "WHERE run = ? AND status = 'completed' AND list_contains(gives, ?) GROUP BY dagster_run_id",
        [attempts[0].run, kind],
    ).rows
    places = dict(rows)
    having = [attempt for attempt in attempts if attempt.dagster_run_id in places]
    return max(having, key=lambda attempt: places[attempt.dagster_run_id], default=None)


def records_of(lab: Lab, run: PastRun) -> list[StepRecord]:
    """The records of a run's steps, in the pipeline's order; those whose place is not known come last, as they ran."""
    columns = ", ".join(field.name for field in fields(StepRecord))
    result = query(
        lab,
        f"SELECT {columns} FROM steps WHERE dagster_run_id = ? AND run = ? "
        "ORDER BY place NULLS LAST, sequence, started_at",
        [run.dagster_run_id, run.run],
    )
    return list(map(_record, result.as_dicts()))


def checks_of(lab: Lab, run: PastRun) -> dict[str, list[CheckRecord]]:
    """Step -> what its checks said in a run, in the order of their names."""
    rows = query(
        lab,
        "SELECT step, check_name AS check, passed, severity, description, metadata FROM checks "
        "WHERE dagster_run_id = ? AND run = ? ORDER BY ALL",
        [run.dagster_run_id, run.run],
    ).as_records()
    checks: dict[str, list[CheckRecord]] = {}
    for row in rows:
        checks.setdefault(row.pop("step"), []).append(CheckRecord(**row))
    return checks


def source_of(lab: Lab, run: PastRun) -> RegisteredInput:
    """The input that a run worked on."""
    return InputStore(lab).get(run.input)


def past_results(lab: Lab, records: Sequence[StepRecord], *, needed: bool = True) -> Results:
    """The results of a run.

    Args:
        needed: as in `artifact_of`.
    """
    return results_of(records, lambda step: artifact_of(lab, records, step, needed=needed))


def artifact_of(lab: Lab, records: Sequence[StepRecord], step: str, *, needed: bool = True) -> Artifact | None:
    """What a step of a run gave; None when the run has no such step, or it failed.

    Args:
        needed: whether it is an error that a result is there no more, removed or damaged; else it is None.

    Raises:
        ArtifactMissing: as `needed` says.
    """
    record = next((record for record in records if record.step == step and record.status == "completed"), None)
    if record is None or record.fingerprint is None:
        return None
    store = ArtifactStore(lab.artifacts)
    return store.get(step, record.fingerprint) if needed else store.find(step, record.fingerprint)


def _select(lab: Lab, condition: str, values: list[Any], limit: int | None) -> list[PastRun]:
    most = "" if limit is None else f" LIMIT {limit:d}"
    columns = ", ".join(field.name for field in fields(PastRun))
    named = "SELECT * REPLACE (coalesce(name, input) AS name) FROM run_history"
    newest = "sequence DESC NULLS LAST, started_at DESC, run"
    statement = f"SELECT {columns} FROM ({named}) WHERE {condition} ORDER BY {newest}{most}"
    return [PastRun(**row) for row in query(lab, statement, values).as_dicts()]


def _record(row: dict[str, Any]) -> StepRecord:
    times = {name: row[name].isoformat(timespec="milliseconds") for name in ("started_at", "ended_at")}
    helpers = tuple(HelperRecord(**helper) for helper in row["helpers"] or ())
    evictions = tuple(Eviction(**eviction) for eviction in row["evictions"] or ())
    return StepRecord(**{**row, **times, "helpers": helpers, "evictions": evictions})
