"""What is worth an alert: runs that failed, what the regression gate found, and dropped files that were of no use."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from modellab.alerts.alert import Finding, Severity, Topic
from modellab.alerts.outbox import Outbox
from modellab.settings import Lab
from modellab.units import plural
from modellab.warehouse.query import query

_PARTS = """
SELECT input, coalesce(name, input) AS name, system, status, error, run
FROM run_history WHERE dagster_run_id = $id ORDER BY sequence NULLS FIRST, run
"""
_DROPS = """
SELECT "drop", attempt, folder, name, status, reason, input, system, run, dagster_run_id, placed, sequence
FROM drops WHERE sequence > $after AND status IN ('refused', 'failed') ORDER BY sequence
"""
# A figure that was worse the last time that it was held against the same baseline is no news, unless it is so in other
# slices now.
_GATES = """
WITH
    held AS (
        SELECT
            gates.gate, gates.sequence, found.step, found.metric, found.kind, found.said, found.slices, found.cases,
            lag({'kind': found.kind, 'baseline': gates.baseline, 'slices': found.slices}) OVER (
                PARTITION BY gates.dataset, gates.system, found.step, found.metric ORDER BY gates.sequence
            ) AS before
        FROM gates JOIN gate_findings AS found USING (gate)
        WHERE found.kind <> 'not comparable' AND gates.sequence IS NOT NULL
    ),
    news AS (
        SELECT gate, list({'said': said, 'cases': cases} ORDER BY metric, step) AS worse
        FROM held JOIN gates USING (gate)
        WHERE
            kind = 'regressed'
            AND NOT coalesce(
                before.kind = 'regressed' AND before.baseline = gates.baseline AND list_has_all(before.slices, slices),
                false
            )
        GROUP BY gate
    ),
    judged AS (
        SELECT
            *, lag(verdict) OVER (PARTITION BY dataset, system ORDER BY sequence) AS verdict_before
        FROM gates WHERE sequence IS NOT NULL
    )
SELECT
    judged.gate, judged.sweep, judged.dataset, judged.system, judged.status, judged.verdict, judged.why, judged.changed,
    news.worse, judged.sequence
FROM judged LEFT JOIN news USING (gate)
WHERE
    judged.sequence > $after
    AND (
        news.worse IS NOT NULL
        OR (verdict = 'not measured' AND status = 'production' AND verdict_before IS DISTINCT FROM 'not measured')
    )
ORDER BY judged.sequence
"""
_SETTLED = """
SELECT max(sequence) FROM (
    SELECT sequence FROM drops WHERE ended_at < now() - INTERVAL 1 DAY
    UNION ALL SELECT sequence FROM gates WHERE recorded_at < now() - INTERVAL 1 DAY
)
"""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that an orchestrator ended as failed."""

    dagster_run_id: str
    job: str
    said: str
    """Why, in the orchestrator's words."""
    is_dropped: bool
    """Whether it is for dropped files."""
    at: float
    """When it ended; seconds since 1970."""


class FailedRuns(Protocol):
    """The orchestrator's runs that failed, in the order in which it took that down."""

    def last(self) -> str:
        """A mark that stands for the last of them."""

    def after(self, mark: str) -> tuple[list[FailedRun], str]:
        """Those after a mark, and the mark of the last of these."""

    def came_right(self, job: str, since: float) -> bool:
        """Whether a run of a job succeeded since a moment."""


def parts_of(lab: Lab, run: FailedRun) -> list[dict[str, Any]]:
    """What a run did, one for each input and system, as the warehouse has it."""
    return query(lab, _PARTS, {"id": run.dagster_run_id}).as_records()


def failure(run: FailedRun, parts: Sequence[dict[str, Any]]) -> Finding:
    """A failed run, with the recordings that failed in it."""
    bad = [one for one in parts if one["status"] != "completed"]
    topics: tuple[Topic, ...] = ("failures", "drops") if run.is_dropped else ("failures",)
    ids = {"job": run.job, "dagster_run_id": run.dagster_run_id}
    key = f"run:{run.dagster_run_id}"
    if not bad:
        return Finding.of(key, topics, "error", f"a run of {run.job} failed", [run.said], **ids)
    systems = ", ".join(dict.fromkeys(one["system"] for one in bad))
    named = f"{systems} failed on {bad[0]['name']}"
    if len(parts) > 1:
        named = f"{systems} failed on {len(bad)} of {plural(len(parts), 'recording')}"
    details = [f"{one['name']}: {one['error'] or run.said}" for one in bad]
    return Finding.of(key, topics, "error", named, details, **ids, inputs=[one["input"] for one in bad])


def repeats(run: FailedRun, runs: FailedRuns, outbox: Outbox) -> bool:
    """Whether a job of the lab itself, which is started again and again, fails as it did before, with no success
    between: that was told."""
    known = outbox.note(_failing(run.job))
    if known is None:
        return False
    at, _, said = known.partition(" ")
    return said == run.said and not runs.came_right(run.job, float(at))


def failing_note(run: FailedRun) -> dict[str, str]:
    """What `repeats` wants to be noted of a failure without recordings."""
    return {_failing(run.job): f"{run.at} {run.said}"}


def _failing(job: str) -> str:
    return f"failing:{job}"


def gate_findings(lab: Lab, after: int) -> Iterator[Finding]:
    """What the regression gate found that it had not found before."""
    for row in query(lab, _GATES, {"after": after}).as_records():
        got_worse = row["worse"] is not None
        did = "got worse" if got_worse else "could not be measured"
        details = [] if got_worse else [row["why"] or "nobody said why"]
        for one in row["worse"] or ():
            details.append(one["said"])
            if one["cases"]:
                details.append(f"worse in {', '.join(one['cases'])}")
        details += [f"changed: {change}" for change in row["changed"]]
        what = f"{row['system']} {did} on {row['dataset']}"
        facts = {name: row[name] for name in ("gate", "sweep", "dataset", "system", "status")}
        severity: Severity = "error" if row["status"] == "production" else "warning"
        yield Finding.of(f"gate:{row['gate']}", ["regressions"], severity, what, details, **facts)


def bad_drops(lab: Lab, after: int) -> list[dict[str, Any]]:
    """Dropped files that were refused or failed, as the warehouse has them."""
    return query(lab, _DROPS, {"after": after}).as_records()


def drop_findings(drops: Iterable[dict[str, Any]], outbox: Outbox) -> Iterator[Finding]:
    """Those that nobody was told of: that a run failed on a recording is said of the run."""
    for row in drops:
        told = outbox.finding(f"run:{row['dagster_run_id']}") if row["status"] == "failed" else None
        if told is not None and row["input"] in told.facts.get("inputs", ()):
            continue
        what = f"{row['name']} in {row['folder']}: {row['status']}"
        details = [row["reason"] or "nobody said why"]
        if row["placed"]:
            details.append(f"moved to {row['placed']}")
        facts = {name: row[name] for name in ("drop", "attempt", "folder", "name", "status", "input", "dagster_run_id")}
        key = f"drop:{row['drop']}-{row['attempt']}"
        yield Finding.of(key, ["drops"], "warning" if row["status"] == "refused" else "error", what, details, **facts)


def settled(lab: Lab) -> int | None:
    """The number up to which nothing more turns up: rows may come into the database later than ones with higher
    numbers, though not by a day. None where nothing is that old."""
    [(number,)] = query(lab, _SETTLED).rows
    return number  # type: ignore[no-any-return]
