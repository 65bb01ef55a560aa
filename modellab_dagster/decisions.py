"""Jobs by which a person decides: what counts, what is in use, and which results' files go.

Each is a command of the program under the same name, with a form in the Launchpad: a thin layer over
`modellab/runs/quarantining.py`, `modellab/promotion/` and `modellab/upkeep/pruning.py`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from pydantic import Field

from assets._page import table
from assets.promotions import promotions
from modellab.amounts import size_bytes, span_s
from modellab.disk import require_writable
from modellab.errors import UsageError
from modellab.local_days import local_time
from modellab.promotion import deciding
from modellab.promotion.ledger import decisions
from modellab.runs import quarantining
from modellab.settings import Lab
from modellab.units import plural, size
from modellab.upkeep import pruning
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from resources.refusals import refusals_fail

QUARANTINE_ASSET = dg.AssetSpec(
    "quarantine",
    description="Which runs are in no board, since when, by whom and why. The jobs `quarantine` and `release` say it.",
    group_name="warehouse",
)

_MOST_LISTED = 100
_IN_QUARANTINE = """
SELECT
    run, name, system, array_to_string(quarantined_runs.steps, ', ') AS steps,
    strftime(timezone($zone, quarantined_runs.quarantined_at), '%Y-%m-%d %H:%M') AS since,
    coalesce(quarantined_runs.quarantined_by, '-') AS quarantined_by, quarantined_runs.quarantined_because
FROM quarantined_runs JOIN run_history USING (run, dagster_run_id) ORDER BY quarantined_runs.quarantined_at DESC, run
"""


class QuarantineConfig(dg.Config):
    """What no longer counts, and why."""

    runs: list[str] = Field(
        description="A run's key, what its input is called, or a Dagster run id, which means all that this one did."
    )
    reason: str = Field(description="Why; it is kept with the decision.")
    steps: list[str] = Field(default=[], description="Only these of its steps. None: all.")
    keep_results: bool = Field(
        default=False, description="What it made stays in use: only its own attempts are left out."
    )


class ReleaseConfig(dg.Config):
    """What counts again, and why."""

    runs: list[str] = Field(description="As for quarantine.")
    reason: str = Field(description="Why; it is kept with the decision.")


class PruneConfig(dg.Config):
    """Runs that meet every condition that is given."""

    older_than: str = Field(default="", description="Runs that ended longer ago: 30d, 12h, 2w.")
    larger_than: str = Field(default="", description="Runs whose results take more together: 1GB, 500MiB.")
    statuses: list[str] = Field(default=[], description="Runs that ended so: completed, failed, canceled, interrupted.")
    keep: list[str] = Field(default=[], description="Steps whose results stay: bundle.")
    delete: bool = Field(default=False, description="Do it. Left off, the run only says what would go.")


class PromoteConfig(dg.Config):
    """What is to be in use for what."""

    system: str = Field(description="A model or pipeline; the asset systems lists them.")
    use_case: str = Field(description="Its id, as modellab use-cases has it.")
    reason: str = Field(default="", description="Why; left empty, what the evidence came to.")
    override: bool = Field(default=False, description="Promote it whatever the evidence says; the reason says why.")


class DemoteConfig(dg.Config):
    """What is no longer to be in use."""

    use_case: str = Field(description="Its id.")
    reason: str = Field(description="Why.")
    entirely: bool = Field(default=False, description="Nothing is promoted for it afterwards.")


@dg.op
def quarantine_runs(context: dg.OpExecutionContext, config: QuarantineConfig) -> None:
    """Takes runs out of every board, and keeps them."""
    with refusals_fail():
        lab = _lab()
        for name in _named(lab, config.runs):
            found = quarantining.quarantine(
                lab, name, config.reason, steps=config.steps, keep_results=config.keep_results
            )
            _show_decided(context, lab, name, found)


@dg.op
def release_runs(context: dg.OpExecutionContext, config: ReleaseConfig) -> None:
    """Lets runs that were in quarantine count again."""
    with refusals_fail():
        lab = _lab()
        for name in _named(lab, config.runs):
            _show_decided(context, lab, name, quarantining.release(lab, name, config.reason))


@dg.op
def prune_results(context: dg.OpExecutionContext, config: PruneConfig) -> None:
    """Deletes files of results; rows and figures stay."""
    with refusals_fail():
        conditions = pruning.Conditions(
            span_s(config.older_than, "older_than") if config.older_than else None,
            size_bytes(config.larger_than, "larger_than") if config.larger_than else None,
            tuple(config.statuses),
            tuple(config.keep),
        )
        if not str(conditions):
            raise UsageError(
                "nothing says which runs are to be pruned",
                allowed="older_than: 30d, larger_than: 1GB, statuses: [failed, canceled], or several",
            )
        lab = _lab()
        build(lab)
        planned = pruning.plan(lab, conditions)
    context.add_output_metadata(_planned(planned, lab.timezone, "went" if config.delete else "would go"))
    if not config.delete:
        context.log.info(f"{size(planned.frees)} would be freed; nothing was deleted, since delete is off.")
        return
    with refusals_fail():
        done = pruning.prune(lab, planned)
    context.log.info(f"{plural(done.results, 'result')} pruned, {size(done.bytes)} freed; their rows stay.")
    if done.left:
        raise dg.Failure(
            f"{plural(len(done.left), 'result')} could not be deleted: {'; '.join(done.left[:_MOST_LISTED])}",
            allow_retries=False,
        )


@dg.op
def promote_system(context: dg.OpExecutionContext, config: PromoteConfig) -> None:
    """Lets a system be the one in use for a use case, if the evidence allows it."""
    with refusals_fail():
        lab = _lab()
        made = deciding.promote(
            lab, config.system, config.use_case, reason=config.reason or None, override=config.override
        )
    objections = "\n".join(f"- {one}" for one in made.hearing.objections) or "none"
    context.add_output_metadata(
        {
            "promoted": made.decision.system,
            "in place of": made.decision.before or "nothing",
            "why": made.decision.reason,
            "against it": dg.MetadataValue.md(objections),
            "decision": made.decision.id,
        }
    )
    context.log_event(promotions(decisions(lab), lab.timezone))


@dg.op
def demote_system(context: dg.OpExecutionContext, config: DemoteConfig) -> None:
    """Takes the present promotion for a use case back."""
    with refusals_fail():
        lab = _lab()
        made = deciding.demote(lab, config.use_case, config.reason, entirely=config.entirely)
    context.add_output_metadata(
        {"no longer promoted": made.before or "nothing", "in use now": made.after or "nothing", "decision": made.id}
    )
    context.log_event(promotions(decisions(lab), lab.timezone))


def _lab() -> Lab:
    lab = Lab.from_environment()
    require_writable(lab.home)
    return lab


def _named(lab: Lab, runs: list[str]) -> list[str]:
    """The runs that were named, when each of them is there: none is decided about if one is mistyped.

    Raises:
        UsageError: none is named.
        UnknownName: one is not there.
    """
    if not runs:
        raise UsageError("nothing says which runs are meant", found="runs: []", allowed="runs: [3f9c, standup.wav]")
    build(lab)
    for name in runs:
        quarantining.attempts_meant(lab, name)
    return list(dict.fromkeys(runs))


def _show_decided(context: dg.OpExecutionContext, lab: Lab, name: str, found: quarantining.Decided) -> None:
    """What was decided about the runs that one name means, as an event of its own: the next may be refused."""
    decided = [
        [one.run, one.input, one.system, ", ".join(one.steps), one.results, ", ".join(one.made_elsewhere) or "-"]
        for one in found.decisions
    ]
    header = ["run", "input", "system", "steps", "results it made", "found, made by others: they stay"]
    out = query(lab, _IN_QUARANTINE, {"zone": lab.timezone}).rows
    first = found.decisions[0]
    context.log_event(
        dg.AssetMaterialization(
            QUARANTINE_ASSET.key,
            description=f"{name}: {plural(len(found.decisions), 'run')} {first.event}",
            metadata={
                first.event: dg.MetadataValue.md(table(header, decided[:_MOST_LISTED])),
                "why": first.reason,
                "in quarantine now": dg.MetadataValue.md(
                    table(["run", "input", "system", "steps", "since", "by", "why"], out[:_MOST_LISTED])
                ),
                "runs in quarantine": len(out),
                "other runs that lost figures": ", ".join(found.others[:_MOST_LISTED]) or "none",
            },
        )
    )


def _planned(planned: pruning.Plan, zone: str, went: str) -> dict[str, Any]:
    runs = [
        [one.run, f"{local_time(one.ended_at, zone):%Y-%m-%d %H:%M}", one.status, one.name, one.system, size(one.bytes)]
        for one in planned.runs[:_MOST_LISTED]
    ]
    steps = [[step, count, size(total)] for step, (count, total) in planned.by_step.items()]
    stays = [[one.why, one.results, size(one.bytes)] for one in planned.stays]
    return {
        f"results that {went}": dg.MetadataValue.md(table(["step", "results", "size"], steps)),
        f"runs whose results {went}": dg.MetadataValue.md(
            table(["run", "ended", "status", "input", "system", "size"], runs)
        ),
        "results of these that stay": dg.MetadataValue.md(table(["why", "results", "size"], stays)),
        "runs": len(planned.runs),
        "results": len(planned.results),
        "bytes": planned.frees,
    }


def _job(name: str, op: dg.OpDefinition, form: Mapping[str, Any], description: str) -> dg.JobDefinition:
    """A job of one op; its Launchpad opens with `form`, to be filled in."""
    return dg.GraphDefinition(name=name, node_defs=[op]).to_job(
        description=description,
        config={"ops": {op.name: {"config": dict(form)}}},
        executor_def=dg.in_process_executor,
    )


DECISION_JOBS = [
    _job(
        "quarantine",
        quarantine_runs,
        {"runs": [], "reason": "", "steps": [], "keep_results": False},
        "Takes runs out of every board, with a reason, and keeps them: modellab runs quarantine.",
    ),
    _job(
        "release",
        release_runs,
        {"runs": [], "reason": ""},
        "Lets runs that are in quarantine count again: modellab runs quarantine --release.",
    ),
    _job(
        "prune",
        prune_results,
        {"older_than": "", "larger_than": "", "statuses": [], "keep": [], "delete": False},
        "Says which results would go and how much that frees; with `delete: true` their files go, while rows and"
        " figures stay: modellab runs prune. What a promotion or a baseline rests on always stays.",
    ),
    _job(
        "promote",
        promote_system,
        {"system": "", "use_case": "", "reason": "", "override": False},
        "Lets a system be the one in use for a use case, if the evidence allows it: modellab promote.",
    ),
    _job(
        "demote",
        demote_system,
        {"use_case": "", "reason": "", "entirely": False},
        "Takes a promotion back: what was promoted before is in use again: modellab demote.",
    ),
]
