"""Freeing disk: the files of results of old, large or failed runs go; their rows and figures stay.

A run is chosen when it meets every condition. Of what it made or found, a result goes only if no other run uses it and
nothing rests on it (`rested_on`). Pruned results are made again by whoever wants them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from modellab.artifacts.pruned import ENDING, Pruned
from modellab.artifacts.store import ArtifactStore
from modellab.errors import LabError, UsageError
from modellab.names import one_of
from modellab.processes import user_name
from modellab.runs.past import STATUSES
from modellab.settings import Lab
from modellab.steps.catalogue import definitions
from modellab.units import length, size
from modellab.upkeep.resting import rested_on
from modellab.wall_clock import now, stamp
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.rows import rows_of_artifact

_RUNS = """
WITH results AS (
    SELECT DISTINCT steps.run, steps.dagster_run_id, artifacts.fingerprint, artifacts.bytes
    FROM steps JOIN artifacts USING (fingerprint)
    WHERE steps.status = 'completed' AND artifacts.fingerprint NOT IN (SELECT fingerprint FROM pruned)
)
SELECT
    history.run, history.dagster_run_id, any_value(name) AS name, any_value(system) AS system,
    any_value(history.status) AS status, any_value(coalesce(history.ended_at, history.started_at)) AS ended_at,
    coalesce(sum(bytes), 0) :: BIGINT AS bytes, list(fingerprint) FILTER (fingerprint IS NOT NULL) AS results
FROM run_history AS history LEFT JOIN results USING (run, dagster_run_id)
GROUP BY history.run, history.dagster_run_id ORDER BY ended_at, history.run
"""
_FACTS = "SELECT fingerprint, step, bytes, reads FROM artifacts"

_RUNNING, _USED, _KEPT = "a run that is not over uses it", "another run uses it", "--keep"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which runs are chosen: those that meet all that are not None."""

    older_than_s: float | None = None
    """They ended longer ago."""
    larger_than: int | None = None
    """The results that they use have more bytes together."""
    statuses: tuple[str, ...] = ()
    """How they ended; empty: however."""
    keep: tuple[str, ...] = ()
    """Steps whose results stay."""

    def __str__(self) -> str:
        parts = (
            f"older than {length(self.older_than_s)}" if self.older_than_s is not None else "",
            f"larger than {size(self.larger_than)}" if self.larger_than is not None else "",
            " or ".join(self.statuses),
        )
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class ChosenRun:
    """A run whose results go, as far as nothing else needs them."""

    run: str
    dagster_run_id: str
    name: str
    system: str
    status: str
    ended_at: datetime
    """When it ended, or began if that is not known."""
    bytes: int
    """Of the results of it that go."""


@dataclass(frozen=True, slots=True)
class Going:
    """A result whose files go."""

    step: str
    fingerprint: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Stays:
    """Results of chosen runs that stay."""

    why: str
    results: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go."""

    conditions: Conditions
    runs: tuple[ChosenRun, ...]
    results: tuple[Going, ...]
    """In order of step and fingerprint; those first whose deletion was broken off."""
    stays: tuple[Stays, ...]

    @property
    def frees(self) -> int:
        """Bytes."""
        return sum(one.bytes for one in self.results)

    @property
    def by_step(self) -> Mapping[str, tuple[int, int]]:
        """Step -> results and bytes that go, the most bytes first."""
        found: dict[str, tuple[int, int]] = {}
        for one in self.results:
            count, total = found.get(one.step, (0, 0))
            found[one.step] = count + 1, total + one.bytes
        return dict(sorted(found.items(), key=lambda item: (-item[1][1], item[0])))


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What went."""

    results: int
    bytes: int
    left: tuple[str, ...]
    """Results that could not be deleted, and why."""


def plan(lab: Lab, conditions: Conditions) -> Plan:
    """What would go; nothing is changed.

    Raises:
        UsageError: no condition, or one that can't be met.
    """
    if conditions.older_than_s is None and conditions.larger_than is None and not conditions.statuses:
        raise UsageError(
            "nothing says which runs are to be pruned",
            allowed="--older-than 30d, --larger-than 1GB, --status failed,canceled",
        )
    for status in conditions.statuses:
        if one_of("status", status, STATUSES) == "running":
            raise UsageError("a run that is not over can't be pruned", hint="modellab runs kill stops it.")
    for step in conditions.keep:
        one_of("step", step, definitions())
    store = ArtifactStore(lab.artifacts)
    rows = query(lab, _RUNS).as_dicts()
    facts = {row["fingerprint"]: row for row in query(lab, _FACTS).as_records()}
    chosen = [row for row in rows if _meets(row, conditions)]
    names = {(row["run"], row["dagster_run_id"]) for row in chosen}
    others = [row for row in rows if (row["run"], row["dagster_run_id"]) not in names]
    needed = {
        **dict.fromkeys((name for row in others for name in row["results"] or ()), _USED),
        **dict.fromkeys(
            (name for row in others if row["status"] == "running" for name in row["results"] or ()), _RUNNING
        ),
        **rested_on(lab, {name: row["reads"] for name, row in facts.items()}),
    }
    going: dict[str, Going] = {one.fingerprint: one for one in _broken_off(store)}
    stays: defaultdict[str, dict[str, int]] = defaultdict(dict)
    shares: list[ChosenRun] = []
    for row in chosen:
        mine = 0
        for name in row["results"] or ():
            step, count = facts[name]["step"], facts[name]["bytes"]
            if not store.holds(step, name):
                continue
            why = _KEPT if step in conditions.keep else needed.get(name)
            if why is not None and name not in going:
                stays[why][name] = count
                continue
            mine += count
            going.setdefault(name, Going(step, name, count))
        told = {name: row[name] for name in ("run", "dagster_run_id", "name", "system", "status", "ended_at")}
        shares.append(ChosenRun(**told, bytes=mine))
    return Plan(
        conditions,
        tuple(shares),
        tuple(sorted(going.values(), key=lambda one: (one.step, one.fingerprint))),
        tuple(Stays(why, len(of), sum(of.values())) for why, of in sorted(stays.items())),
    )


def prune(lab: Lab, planned: Plan, progress: Callable[[float], None] = lambda share: None) -> PruneReport:
    """Delete the files of what was planned, and keep their rows.

    Killed at any moment, every result is whole or pruned: what was under way is finished by the next.

    Args:
        progress: told which share is done.
    """
    store = ArtifactStore(lab.artifacts)
    by, reason = user_name(), str(planned.conditions)
    done, freed, left = 0, 0, []
    for place, one in enumerate(planned.results, start=1):
        try:
            _remove(lab, store, one, by, reason)
        except (LabError, OSError, KeyError, TypeError, ValueError) as error:
            left.append(f"{one.step}/{one.fingerprint}: {error}")
        else:
            done, freed = done + 1, freed + one.bytes
        progress(place / len(planned.results))
    build(lab)
    return PruneReport(done, freed, tuple(left))


def _remove(lab: Lab, store: ArtifactStore, one: Going, by: str | None, reason: str) -> None:
    artifact = store.find(one.step, one.fingerprint)
    if artifact is None:
        return
    rows = rows_of_artifact(artifact, lab.home)
    # Written anew where a deletion was broken off: a build may have looked at the one that is there already.
    store.pruned.write(Pruned(artifact.manifest, rows, stamp(), by, reason))
    store.pruned.remove_files(one.step, one.fingerprint)


def _meets(row: Mapping[str, Any], conditions: Conditions) -> bool:
    if row["status"] == "running" or (conditions.statuses and row["status"] not in conditions.statuses):
        return False
    if conditions.older_than_s is not None and now() - row["ended_at"] < timedelta(seconds=conditions.older_than_s):
        return False
    return conditions.larger_than is None or row["bytes"] > conditions.larger_than


def _broken_off(store: ArtifactStore) -> Iterator[Going]:
    """Results that were written down as pruned, and whose files are there: whoever deleted them was killed."""
    for path in store.pruned.places():
        step, name = path.parent.parent.name, path.name.removesuffix(ENDING)
        artifact = store.find(step, name) if store.holds(step, name) else None
        kept = store.pruned.read(step, name) if artifact else None
        # What was made again meanwhile is another file of the same name.
        if artifact and kept and kept.manifest["made"] == artifact.manifest["made"]:
            yield Going(step, name, kept.bytes)
