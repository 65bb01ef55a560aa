"""Taking runs out of every board, and back: who decided it, when and why is an event, and nothing is deleted.

A quarantine is of a run's attempt, or of some steps of it. Out are the attempts at those steps, the results that they
made, and whatever any run made of these; a result that the run only found stays where others count on it. Later runs
do not take what is out for their own (`modellab.artifacts.quarantine`), unless the results are to be kept in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from modellab.errors import UsageError
from modellab.names import one_of
from modellab.runs.past import PastRun, find_attempts, find_run, runs_of
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

_STEPS = "SELECT DISTINCT step FROM steps WHERE run = $run AND dagster_run_id = $attempt ORDER BY step"
_MADE = """
SELECT fingerprint FROM artifacts
WHERE run = $run AND dagster_run_id = $attempt AND list_contains($steps, step) ORDER BY fingerprint
"""
_RESTING = """
SELECT DISTINCT run, dagster_run_id FROM steps
WHERE id IN (FROM derived.left_out) AND NOT EXISTS (
    FROM quarantined_runs AS out WHERE out.run = steps.run AND out.dagster_run_id = steps.dagster_run_id
) ORDER BY ALL
"""
_FROM = """
SELECT DISTINCT made.run, made.dagster_run_id FROM steps JOIN artifacts AS made USING (fingerprint)
WHERE steps.run = $run AND steps.dagster_run_id = $attempt AND list_contains($steps, steps.step)
    AND (made.run, made.dagster_run_id) <> ($run, $attempt) ORDER BY ALL
"""

_DAGSTER_RUNS = """
SELECT DISTINCT dagster_run_id FROM runs WHERE starts_with(dagster_run_id, $1)
    AND NOT EXISTS (FROM runs WHERE starts_with(run, $2)) LIMIT 2
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a run."""

    run: str
    dagster_run_id: str
    input: str
    system: str
    event: str
    """quarantined or released."""
    reason: str
    steps: tuple[str, ...]
    """Those that it is about."""
    results: int
    """How many results it made that nobody uses from now on, or again."""
    made_elsewhere: tuple[str, ...]
    """Runs, each `<run>/<Dagster run>`, that made results which this one only found: those stay."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of it."""

    decisions: tuple[Decision, ...]
    others: tuple[str, ...]
    """Other runs, each `<run>/<Dagster run>`, of which something is in no board since it rests on quarantined results:
    all there are, not only those of these decisions."""


def quarantine(lab: Lab, name: str, reason: str, *, steps: Sequence[str] = (), keep_results: bool = False) -> Decided:
    """Take a run out of every board.

    Args:
        name: as for `attempts_meant`.
        steps: only these of its steps; all by default.
        keep_results: whether what it made stays in use: only its own attempts are left out.

    Raises:
        UnknownName: no run, or no step of it, is called so.
        UsageError: it still runs, or there is no reason.
    """
    _require_reason(reason)
    attempts = attempts_meant(lab, name)
    if running := [one for one in attempts if one.status == "running"]:
        raise UsageError(
            f"run {running[0].run} is not over: what it makes can't be judged yet",
            hint="Wait for its end, or stop it first.",
        )
    decisions = []
    recorder = Recorder(lab)
    for one in attempts:
        given = {"run": one.run, "attempt": one.dagster_run_id}
        reached = [step for (step,) in query(lab, _STEPS, given).rows]
        chosen = [one_of("step of that run", step, reached) for step in steps] or reached
        of_steps = {**given, "steps": chosen}
        made = [] if keep_results else [found for (found,) in query(lab, _MADE, of_steps).rows]
        elsewhere = tuple("/".join(row) for row in query(lab, _FROM, of_steps).rows if None not in row)
        decision = Decision(
            one.run,
            one.dagster_run_id,
            one.input,
            one.system,
            "quarantined",
            reason,
            tuple(chosen),
            len(made),
            elsewhere,
        )
        _record(recorder, decision, {"steps": chosen, "fingerprints": made})
        decisions.append(decision)
    return _decided(lab, decisions)


def release(lab: Lab, name: str, reason: str) -> Decided:
    """Let a run count again, and its results serve again.

    Args:
        name: as for `attempts_meant`; of a run's attempts all that are in quarantine are meant, and not the newest.

    Raises:
        UnknownName: no run is called so.
        UsageError: it is not in quarantine, or there is no reason.
    """
    _require_reason(reason)
    known = {
        (run, attempt): (tuple(steps), len(made))
        for run, attempt, steps, made in query(
            lab, "SELECT run, dagster_run_id, steps, fingerprints FROM quarantined_runs"
        ).rows
    }
    meant = attempts_meant(lab, name)
    every = meant if len(meant) > 1 else find_attempts(lab, name)
    attempts = [one for one in every if (one.run, one.dagster_run_id) in known]
    if not attempts:
        raise UsageError(
            f"run {name} is not in quarantine", hint="modellab runs list --quarantined shows those that are."
        )
    decisions = []
    recorder = Recorder(lab)
    for one in attempts:
        steps, results = known[one.run, one.dagster_run_id]
        decision = Decision(one.run, one.dagster_run_id, one.input, one.system, "released", reason, steps, results, ())
        _record(recorder, decision, {"steps": list(steps)})
        decisions.append(decision)
    return _decided(lab, decisions)


def attempts_meant(lab: Lab, name: str) -> list[PastRun]:
    """The attempts that a name means: all of a Dagster run where it is its id, or the beginning of that and of no run's
    key; else the one that `modellab.runs.past.find_run` finds.

    Raises:
        UnknownName: as `find_run`.
    """
    ids = query(lab, _DAGSTER_RUNS, [name, name]).rows
    return runs_of(lab, ids[0][0]) if len(ids) == 1 else [find_run(lab, name)]


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError("a decision is made for a reason", found="none", hint='Write it: --reason "TEXT"')


def _record(recorder: Recorder, decision: Decision, evidence: dict[str, list[str]]) -> None:
    recorder.lifecycle_event(
        {
            "event": decision.event,
            "subject_kind": "run",
            "subject": f"{decision.run}/{decision.dagster_run_id}",
            "reason": decision.reason,
            "evidence": evidence,
        }
    )


def _decided(lab: Lab, decisions: Sequence[Decision]) -> Decided:
    build(lab)
    return Decided(tuple(decisions), tuple("/".join(row) for row in query(lab, _RESTING).rows))
