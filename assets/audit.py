"""The asset `audit_report`: whether what the lab keeps is whole, as `modellab runs audit` finds it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from assets._page import table
from assets._step import OWNER
from modellab.runs.quarantining import attempts_meant
from modellab.units import plural
from modellab.upkeep.audit import Audit, audit
from modellab.upkeep.findings import Finding
from resources.database import DatabaseResource
from resources.refusals import refusals_fail

CHECK = "nothing_wrong"
_MOST_LISTED = 100
"""The page is kept with the run's events: what is more, the command line lists."""


class AuditConfig(dg.Config):
    """What is looked at, and whether it is mended; left alone: everything, and nothing is changed."""

    runs: list[str] = Field(
        default=[], description="Only these runs, with what they rest on: keys, or names of recordings. None: the lab."
    )
    quick: bool = Field(default=False, description="Compare sizes instead of bytes, and no rows: seconds, not minutes.")
    fix: bool = Field(default=False, description="Put right what can be derived.")


@dg.asset(
    deps=["warehouse"],
    description="Holds all that the lab keeps against itself: bytes, fingerprints, rows, and what records name. With"
    " `runs` only those, and the page is about them alone.",
    group_name="warehouse",
    kinds={"python"},
    owners=[OWNER],
    check_specs=[
        dg.AssetCheckSpec(
            CHECK, asset="audit_report", description="Nothing is damaged or gone, or all of it was put right."
        )
    ],
)
def audit_report(
    context: dg.AssetExecutionContext, config: AuditConfig, database: DatabaseResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Looks, says in the log what at, and lists what it found."""
    lab = database.lab()
    begun: set[str] = set()

    def progress(what: str, share: float) -> None:
        if what not in begun:
            begun.add(what)
            context.log.info(f"looking at {what}")

    with refusals_fail():
        chosen = [one for name in config.runs for one in attempts_meant(lab, name)] if config.runs else None
        found = audit(lab, chosen, quick=config.quick, fix=config.fix, progress=progress)
    return dg.MaterializeResult(
        metadata=_page(found),
        check_results=[
            dg.AssetCheckResult(
                check_name=CHECK,
                passed=found.sound,
                severity=dg.AssetCheckSeverity.ERROR,
                description=_said(found),
                metadata={"wrong": sum(not one.fixed for one in found.findings)},
            )
        ],
    )


def _page(found: Audit) -> dict[str, Any]:
    kinds = Counter(one.kind for one in found.findings)
    listed = sorted(found.findings, key=lambda one: (one.fixed, one.kind, one.where))
    rows = [[_state(one), one.kind, one.where, one.what, one.remedy] for one in listed[:_MOST_LISTED]]
    left = len(listed) - len(rows)
    more = f"\n\n… and {left} more: `modellab runs audit` lists them." if left > 0 else ""
    return {
        "findings": dg.MetadataValue.md(table(["", "kind", "where", "what is wrong", "what to do"], rows) + more),
        "by kind": dg.MetadataValue.md(table(["kind", "findings"], sorted(kinds.items()))),
        "looked at": _scope(found),
        "results": found.results,
        "records": found.records,
        "wrong": sum(not one.fixed for one in listed),
        "put right": sum(one.fixed for one in listed),
    }


def _state(one: Finding) -> str:
    return "put right" if one.fixed else "`fix` does it" if one.fixable else "by hand"


def _scope(found: Audit) -> str:
    what = "the whole lab" if found.runs is None else plural(found.runs, "run")
    return f"{what}, by size and name only" if found.quick else what


def _said(found: Audit) -> str:
    wrong: Sequence[Finding] = [one for one in found.findings if not one.fixed]
    if not wrong:
        return f"{_scope(found)}: nothing is wrong that was not put right"
    kinds = Counter(one.kind for one in wrong)
    return f"{_scope(found)}: {', '.join(f'{kind} ({count})' for kind, count in sorted(kinds.items()))}"
